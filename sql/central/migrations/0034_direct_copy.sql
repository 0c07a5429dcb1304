-- Ingest copies rows straight into the table; when they came is the time of the transaction.
ALTER TABLE execution ALTER received_at SET DEFAULT now();
