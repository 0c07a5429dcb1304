-- What an agent has of mode all, to be counted: of a draining one these stay (agent_handover).
CREATE INDEX assignment_own ON assignment (agent_id) WHERE NOT removed AND target_key = agent_id::text;
