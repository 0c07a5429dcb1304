-- What an agent has, and up to when it goes on with what it had, without what else it ever had.
CREATE INDEX assignment_of_agent ON assignment (agent_id, removed, since_at);
