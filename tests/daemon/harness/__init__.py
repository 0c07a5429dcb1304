"""Real PostgreSQL, centrals, agents and targets for the daemon tests. Start at world.py; README.md lists the files."""
