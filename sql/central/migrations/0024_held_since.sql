-- Since when an agent holds a job: changed_at moves with every edit. The ledger demands nothing of a time in which nobody
-- held the job, or in which its holder could not hear of it. NULL = since changed_at, placed before this was noted.
ALTER TABLE assignment ADD COLUMN held_since timestamptz;
