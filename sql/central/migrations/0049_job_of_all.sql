-- Jobs of mode all are few, and those with one selector have the same holders: of these one is asked for all (job_page).
CREATE INDEX job_live_of_all ON job (job_id) WHERE deleted_at IS NULL AND target_mode = 'all';
