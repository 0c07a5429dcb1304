-- What is known of the single attempts of an unfinished fire (common/attempt_log.h, as in the record); NULL = nothing.
ALTER TABLE intent ADD COLUMN attempt_log TEXT;
