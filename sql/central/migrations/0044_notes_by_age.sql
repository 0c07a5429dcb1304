-- Events of agents and quarantined records go when executions of their age go (chores), and the latter are listed by age.
CREATE INDEX quarantine_by_time ON quarantine (at, agent_id, epoch, seq);
CREATE INDEX agent_event_by_age ON agent_event (received_at);
