-- What an agent was told of its set, heard or not: a job that it gained since cannot be at work there (central/assign.h).
-- Of what was told before this was noted nobody knows: all of it may have been.
ALTER TABLE agent_state ADD COLUMN told_revision bigint NOT NULL DEFAULT 0;
UPDATE agent_state SET told_revision = agent.set_revision FROM agent WHERE agent.agent_id = agent_state.agent_id;

-- Border and set revision of the first stay that the agent may not have heard of, when it did not have the job before: if it
-- has not heard of it by the next time it is told of the job, what that stay had to decide is still open.
ALTER TABLE assignment ADD COLUMN first_at timestamptz, ADD COLUMN first_revision bigint;

-- What syncs wrote before this may be forgotten: they do not wait for the disk, and another server may have taken over.
ALTER TABLE fleet ADD COLUMN trusted_since timestamptz NOT NULL DEFAULT now();
