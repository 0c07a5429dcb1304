-- Parts wait ten seconds for the fold, and are hundreds of thousands when every record is of another job: the list of failing jobs
-- looks only at those that tell of something bad. The condition is the one of that list, as the view `rollup` has it.
CREATE INDEX rollup_part_bad ON rollup_part (bucket_at)
	WHERE failed::bigint + timeout::bigint + missed + interrupted::bigint > 0;
