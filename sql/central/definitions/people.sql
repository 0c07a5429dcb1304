-- The brake on guessing passwords.

-- How long after so many tries the next one has to wait: none for the first `free`, then 1, 2, 4 ... seconds.
CREATE OR REPLACE FUNCTION login_pause(failures bigint, free bigint, longest_s bigint) RETURNS interval LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN failures < free THEN interval '0'
		ELSE least(longest_s, 2 ^ least(failures - free, 30)) * interval '1 second' END
$$;
