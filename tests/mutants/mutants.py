"""The mutants: for each promise a small, plausible mistake that breaks it, and the cheapest test that has to see it.

An edit is (file, text, replacement); the text must be there exactly once, so that a mutant cannot silently become a no-op
when the code changes. `test` is one of
    ("sim", arguments)       the simulator
    ("unit", program)        a program of tests/unit
    ("daemon", node)         a test of tests/daemon
`says` is what the test must complain about: a mutant that merely breaks something else was not caught.
"""
from typing import NamedTuple


class Mutant(NamedTuple):
    name: str
    promise: str
    edits: list
    test: tuple
    says: str


POWER = ("unit", "test_power_loss")
SIM = ("sim", "--seeds 400 --first 1")
CORE = ("unit", "test_core")
ATTEMPTS = ("unit", "test_core_attempts")
CLOCK = ("unit", "test_core_clock")
LEASE = ("unit", "test_core_lease")
MISSED = ("unit", "test_core_missed")
STOP = ("unit", "test_core_stop")


def daemon(file, test):
    return ("daemon", f"test_{file}.py::test_{test}")


MUTANTS = [
    Mutant("synchronous=NORMAL", "2, 4", [
        ("sql/agent/queries/open.sql", "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"),
    ], POWER, "was answered OK"),
    Mutant("answer before the commit (agent)", "2", [
        ("agent/store_heal.c", "\t\tcode = work(store, &numbers, context);\n\tif (code == SQLITE_OK) {\n",
         "\t\tcode = work(store, &numbers, context);\n\tif (code == SQLITE_OK && store->numbers.last_batch % 7 == 3) {\n"
         "\t\tstore->numbers = numbers;\n\t\treturn STORE_OK;\n\t}\n\tif (code == SQLITE_OK) {\n"),
        ("agent/store_heal.c", "\tint code = store_db_run(db->statements[STMT_begin]);\n\tif (code == SQLITE_OK)\n\t\tcode = work(",
         "\tint code = sqlite3_get_autocommit(db->handle) ? store_db_run(db->statements[STMT_begin]) : SQLITE_OK;\n"
         "\tif (code == SQLITE_OK)\n\t\tcode = work("),
    ], POWER, "was answered OK"),
    Mutant("state apart from its batch", "1", [
        ("agent/store_sqlite.c", "\treturn code == SQLITE_OK ? store_apply_state(store, numbers, state) : code;",
         "\tif (code == SQLITE_OK)\n\t\tcode = store_db_run(store->db.statements[STMT_commit]);\n"
         "\tif (code == SQLITE_OK)\n\t\tcode = store_db_run(store->db.statements[STMT_begin]);\n"
         "\treturn code == SQLITE_OK ? store_apply_state(store, numbers, state) : code;"),
    ], POWER, "snapshot->"),
    Mutant("delete before ack", "4", [
        ("agent/store_outbox.c", "\tint64_t history_end = store->keep_all ? numbers->next_seq - 1 : numbers->acked_seq;\n"
         "\tint64_t chunk_end", "\tint64_t history_end = numbers->next_seq - 1;\n\tint64_t chunk_end"),
        ("agent/store_sqlite.c", "\tint64_t history_end = store->keep_all ? numbers->next_seq - 1 : numbers->acked_seq;",
         "\tint64_t history_end = numbers->next_seq - 1;"),
    ], POWER, "first_seq|records->len"),
    Mutant("a batch applied twice", "5", [
        ("agent/store_sqlite.c", "\t\tif (batch->number <= numbers->last_batch)\n\t\t\tcontinue;\n", ""),
    ], ("unit", "test_store"), "test_a_batch_that_comes_again_is_answered_ok_and_changes_nothing"),
    Mutant("I/O error of COMMIT is a plain failure", "11", [
        ("agent/store_heal.c", "\t\tin_doubt = store_code_is_io(code);\n", ""),
    ], ("unit", "test_store_faults"), "test_a_failed_fsync_of_a_commit_is_uncertain"),
    Mutant("counters from before the file was opened again", "11", [
        ("agent/store_heal.c", "\tif (store->epoch == epoch)\n\t\treturn true;",
         "\tstore->numbers = before;\n\tif (store->epoch == epoch)\n\t\treturn true;"),
        ("agent/store_heal.c", "\tint64_t epoch = store->epoch;\n", "\tint64_t epoch = store->epoch;\n\tstruct store_numbers before = store->numbers;\n"),
    ], ("unit", "test_store_faults"), "an_ack_that_finds_the_file_open_again|uncertain"),
    Mutant("UNCERTAIN taken for OK", "2", [
        ("agent/batch.c", "\tif (result == STORE_OK) {\n\t\tg_assert(", "\tif (result != STORE_FAILED) {\n\t\tg_assert("),
    ], SIM, "promise 2.*before its intent was durable"),
    Mutant("cursor before intent", "1", [
        ("agent/plan.c", "\twhile (heap_top_key(&core->plan) <= until.us) {\n\t\tstruct core_job *job = heap_top",
         "\tcore->state.planned_until = wall_max(core->state.planned_until, until);\n\tbatch_current(core);\n\tbatch_seal(core);\n"
         "\twhile (heap_top_key(&core->plan) <= until.us) {\n\t\tstruct core_job *job = heap_top"),
    ], SIM, "promise 1.*no decision"),
    Mutant("a full outbox loses a fire", "1", [
        ("agent/plan.c", "stops_here(core) || heap_top_key", "heap_top_key"),
        ("agent/plan.c", "\t\tif (stops_here(core) || waits_for_room(core))\n\t\t\tbreak;\n",
         "\t\tif (waits_for_room(core))\n\t\t\tbreak;\n\t\tif (stops_here(core)) {\n\t\t\tplan_schedule(core, job, job->next);\n\t\t\tcontinue;\n\t\t}\n"),
    ], SIM, "promise 1.*no decision"),
    Mutant("no fire identity", "3, 9", [
        ("agent/plan.c", "\tstruct fire_id id = fire_id_scheduled(job->job->id, job->next, job->target_key, core->state.clock_epoch);\n",
         "\tstruct fire_id id = fire_id_scheduled(job->job->id, job->next, job->target_key, core->state.clock_epoch +\n"
         "\t\t\t\t\t      (uint64_t)core->state.next_intent_number);\n"),
    ], SIM, "promise 3.*identity"),
    Mutant("sent before the intent is durable", "2", [
        ("agent/batch.c", "\tpin(fire, batch->planned);\n", "\tpin(fire, batch->planned);\n\tfire_arm(core, fire);\n"),
    ], SIM, "promise 2.*before its intent was durable"),
    Mutant("ATMOST_ONCE tried again after a crash", "3", [
        ("agent/recovery.c", "job->job->policy->type == JOB_ATMOST_ONCE && !ahead", "false && !ahead"),
    ], SIM, "ATMOST_ONCE fire .* sent twice"),
    Mutant("the time for all attempts begins anew after a crash", "3", [
        ("agent/recovery.c", "mono_add_us(core->mono, -elapsed_us(core, intent));", "core->mono;"),
    ], ATTEMPTS, "max_elapsed_also_over_a_crash"),
    Mutant("an unfinished run is forgotten at the start", "3", [
        ("agent/recovery.c", "\t\tresume_intent(core, &g_array_index(snapshot->intents, struct intent, i), handed_over, clock_trusted);",
         "\t\tif (g_array_index(snapshot->intents, struct intent, i).attempts == 0)\n"
         "\t\t\tresume_intent(core, &g_array_index(snapshot->intents, struct intent, i), handed_over, clock_trusted);"),
    ], SIM, "promise 1.*no decision"),
    Mutant("edit leaves planned intents", "9", [
        ("agent/job_change.c", "\trecovery_withdraw_future(core, job, border);\n\tchange_place", "\tchange_place"),
    ], SIM, "invented|promise 1.*two decisions"),
    Mutant("edit forgets what was due before it", "9", [
        ("agent/job_change.c", "\tplan_job_to(core, job, wall_min(core->latest, ours));\n\trecovery_withdraw_future(core, job, border);\n\tchange_place",
         "\trecovery_withdraw_future(core, job, border);\n\tchange_place"),
    ], SIM, "promise 1.*no decision"),
    Mutant("an old mark after an edit", "9", [
        ("agent/job_change.c", "\tif (marked)\n\t\tbatch_add_mark(core, job);\n", "\t(void)marked;\n"),
    ], SIM, "promise 1.*no decision"),
    Mutant("an edit while the clock is behind forgets", "9", [
        ("agent/job_change.c", "\tplan_job_to(core, job, wall_min(core->latest, ours));\n\trecovery_withdraw_future(core, job, border);\n\tchange_place",
         "\tplan_job_until(core, job, core->now);\n\trecovery_withdraw_future(core, job, border);\n\tchange_place"),
    ], CLOCK, "an_edit_while_the_clock_is_behind_does_not_forget"),
    Mutant("a deleted job's runs go on", "9", [
        ("agent/job_leave.c", "\trecovery_withdraw_future(core, job, border);\n\tlet_go(core, job);", "\t(void)border;\n\tlet_go(core, job);"),
    ], SIM, "invented"),
    Mutant("backlog cursor without intents", "10", [
        ("agent/missed.c", "\t\tbatch_add_intent(core, plan_fire(core, job, id, instant, due, FIRE_CATCH_UP, backlog->clock_epoch));\n"
         "\tbacklog->cursor = instant;\n}",
         "\t{\n\t\tstruct fire *fire = plan_fire(core, job, id, instant, due, FIRE_CATCH_UP, backlog->clock_epoch);\n"
         "\t\tstruct backlog moved = *backlog;\n\t\tmoved.cursor = instant;\n\t\tbatch_add_backlog(core, job, &moved);\n"
         "\t\tbatch_seal(core);\n\t\tbatch_add_intent(core, fire);\n\t}\n\tbacklog->cursor = instant;\n}"),
    ], SIM, "promise 1.*no decision"),
    Mutant("an old answer edits", "8", [
        ("agent/missed.c", "return asked.us <= core->opened_at.us && waits_for_word(core);", "return asked.us < core->opened_at.us && false;"),
    ], MISSED, "refused"),
    Mutant("a stop in order leaves what it planned", "3", [
        ("agent/core.c", "\trecovery_unplan(core);\n", "\t(void)recovery_unplan;\n"),
    ], LEASE, "was_not_interrupted"),
    Mutant("a stop in order leaves what waits unmarked", "3", [
        ("agent/recovery.c", "\t\t\tbatch_renew_update(core, fire, WALL_NONE);\n", "\t\t\t(void)core;\n"),
    ], STOP, "waits_for_its_jitter"),
    Mutant("the mark of a stop outlives the first attempt", "3", [
        ("agent/recovery.c", "\telse\n\t\tbatch_add_intent(core, fire);\n", "\telse\n\t\tfire_arm(core, fire);\n"),
    ], STOP, "sends_nothing_twice"),
    Mutant("what waits begins during the stop", "3", [
        ("agent/admission.c", "if (!core->stats.store_healthy || core->in_a_hurry)", "if (!core->stats.store_healthy)"),
    ], STOP, "world.outside.sends == sends"),
    Mutant("a fire does not wait for room", "12", [
        ("agent/plan.c", "if (stops_here(core) || waits_for_room(core))", "(void)waits_for_room;\n\t\tif (stops_here(core))"),
    ], ("unit", "test_core_admission"), "waits_for_room_in_memory|larger_than_the_memory"),
    Mutant("a pause forgets a former stay", "9", [
        ("agent/job_change.c", "\tend_unbegun_ghosts(core);\n", "\t(void)end_unbegun_ghosts;\n"),
    ], LEASE, "sends"),
    Mutant("what came due in an absence is decided without asking", "8, 9", [
        ("agent/missed.c", "\treturn !core->config.leases || core->asked_at.us > core->mono.us - MISFIRE_GRACE_US;", "\treturn core != NULL;"),
    ], MISSED, "another_agent_had_meanwhile"),
    Mutant("missed is said before central's word", "8", [
        ("agent/missed.c", "\tbool settled = settle_rows(core, job, was_heard(core));", "\tbool settled = settle_rows(core, job, true);"),
    ], MISSED, "nothing_is_called_missed_until"),
    Mutant("a hand-over forgets the job before its last run", "3", [
        ("agent/job_leave.c", "\tif (count_stays(core, job->job->id) > 0 || (job->runs != NULL && job->runs->live > 0))\n"
         "\t\tkeep_row(core, job);\n", ""),
        ("agent/job_leave.c", "static void keep_row(", "G_GNUC_UNUSED static void keep_row("),
    ], LEASE, "a_crash_after_a_hand_over"),
    Mutant("a job that came back begins where it left", "3", [
        ("agent/job_change.c", "\tif (!wall_before(since, job->next))\n\t\tplan_schedule(core, job, since);\n\treturn true;", "\treturn true;"),
    ], MISSED, "left_and_came_back_unheard"),
    Mutant("of a job that left twice unheard only the last border counts", "3", [
        ("agent/job_change.c", "\t\tif (job != NULL && !job->deleted)\n\t\t\tlease_was_away(", "\t\tif (job != NULL && job->deleted)\n\t\t\tlease_was_away("),
    ], ("sim", "--moves --tight --seeds 400 --first 1"), "promise 3.*another agent's"),
    Mutant("another agent's time is called missed", "8", [
        ("agent/lease.c", "\tmissed_leave_out(core, job, after, until);\n", ""),
    ], ("sim", "--moves --seeds 800 --first 1"), "promise 8"),
    Mutant("what was away is forgotten by a crash", "5", [
        ("agent/lease.c", "\t\tplan_schedule(core, job, until);\n\tbatch_add_mark(core, job);\n}", "\t\tplan_schedule(core, job, until);\n}"),
    ], ("sim", "--moves --seeds 400 --first 1"), "decisions|another agent's"),
    Mutant("what is planned beyond planned_until is planned again", "1", [
        ("agent/plan.c", "\tif (job->next.us == first.us || !wall_before(core->state.planned_until, limit))\n\t\treturn;\n", "\tif (first.us != 0)\n\t\treturn;\n"),
    ], LEASE, "is_not_planned_again_after_a_crash"),
    Mutant("central tells the last border only", "3", [
        ("sql/central/queries/sync.sql", "CASE WHEN a.away IS NOT NULL AND a.since_revision", "CASE WHEN a.away IS NULL AND a.since_revision"),
    ], daemon("away", "a_job_that_left_twice_unheard_is_told_with_the_first_time"), r"assert \[\] == \["),
    Mutant("an order done before its run is durable", "1", [
        ("agent/core.c", "\tbatch_add_done_command(core, command->id);\n\tg_snprintf(key",
         "\tbatch_add_done_command(core, command->id);\n\tbatch_seal(core);\n\tg_snprintf(key"),
    ], SIM, "an order is done and its run .* not durable"),
    Mutant("an order carried out twice", "5", [
        ("agent/core.c", "\tif (g_hash_table_contains(core->done_commands, &command->id) ||\n"
         "\t    g_hash_table_contains(core->commands_under_way, &command->id))\n\t\treturn;\n", ""),
    ], SIM, "promise 1.*two decisions with the id"),
    Mutant("a paused job's waiting runs begin", "9", [
        ("agent/job_change.c", "\tif (!stored->job->active)\n\t\tcore_job_end_unbegun(core, job, PAUSED);\n", ""),
    ], CORE, "a_pause_lets_nothing_begin_that_waits"),
    Mutant("what may have been sent is called skipped", "3", [
        ("agent/fire.c", "\tif (fire->maybe_sent && policy->concurrency != JOB_REPLACE) {", "\tif (fire->maybe_sent && policy == NULL) {"),
    ], CORE, "may_have_sent_is_never_called_skipped"),
    Mutant("an attempt that ended before a kill is forgotten", "2", [
        ("agent/batch.c", "\tadd_update(core, fire, not_before, fire->attempt_log);", "\tadd_update(core, fire, not_before, NULL);"),
    ], ATTEMPTS, "after_a_kill_the_earlier_attempts_are_known"),
    Mutant("an attempt that nobody saw is told of", "8", [
        ("agent/attempts.c", "\tif (intent->attempts >= 0 && !waits)", "\tif (intent->attempts != INTENT_TO_SKIP)"),
        ("agent/attempts.c", "\tbool waits = wall_is_set(intent->not_before) && intent->not_before.us > core->now.us;\n", "\t(void)core;\n"),
    ], ATTEMPTS, "a_kill_during_the_backoff_leaves_no_doubt"),
    Mutant("attempts that are left out are not counted", "8", [
        ("common/attempt_log.c", "\t(*log)->omitted += MAX(skipped, 0);\n", "\t(void)skipped;\n"),
    ], ("unit", "test_wire_record"), "attempts_that_nobody_told_of_are_counted"),
    Mutant("a cancel ends what began after it", "9", [
        ("agent/cancel.c", "\tif (fire->tried)\n\t\treturn ordered_before || fire->tried_at.us <= cancel->at.us;", "\tif (fire->tried)\n\t\treturn true;"),
    ], CORE, "a_cancel_ends_what_began_before_it_and_nothing_later"),
    Mutant("what was ordered before a cancel outlives it", "9", [
        ("agent/cancel.c", "fire->order != 0 && fire->order < cancel->id", "fire->order < 0"),
    ], CORE, "a_cancel_ends_what_was_ordered_before_it_though_it_began_later"),
    Mutant("a crash forgets how late it was", "1", [
        ("agent/batch.c", "\t\tcore->state.latest = core->latest;\n", ""),
    ], ("sim", "--clock --edits-behind --seed 61006093"), "2 decisions"),
    Mutant("a lease that never ends", "3", [
        ("agent/lease.c", "\treturn lease_binds(core, job) ? core->state.lease_until : WALL_NEVER;",
         "\treturn lease_binds(core, job) ? wall_add_us(core->now, US_PER_SECOND * 3600) : WALL_NEVER;"),
    ], LEASE, "a_leased_job_runs_up_to_its_lease"),
    Mutant("an old word decides what may be another's", "3", [
        ("agent/job_change.c", "\tplan_job_to(core, job, wall_min(core->latest, ours));", "\tplan_job_to(core, job, core->latest);"),
    ], ("sim", "--moves --seeds 800 --first 889000"), "another agent's|invented|decisions"),
    Mutant("an edit in a silence shortens the lease (central)", "3", [
        ("sql/central/queries/assign.sql", "CASE WHEN placed.keeps THEN placed.since_revision ELSE set_revision END,", "set_revision,"),
    ], daemon("failover", "an_edit_in_the_silence_of_an_agent_takes_nothing_of_its_lease"), "assert \\["),
    Mutant("what has begun is to come by another jitter", "3", [
        ("agent/recovery.c", " &&\n\t\t     !wall_is_set(intent->not_before);", ";"),
    ], CORE, "is_not_sent_again_when_its_jitter_grew"),
    Mutant("a lease is durable before what it lets in", "1", [
        ("agent/lease.c", "\t\tplan_job_until(core, job, wall_max(core->state.planned_until, core->now));\n", ""),
    ], LEASE, "full_outbox_after_the_lease_came_back"),
    Mutant("a hand-over keeps what is the other agent's", "3", [
        ("agent/lease.c", "\tdrop_planned(core, job, border, WALL_NEVER);", "\tdrop_planned(core, job, WALL_NEVER, WALL_NEVER);"),
        ("agent/lease.c", "\tplan_job_to(core, job, wall_min(border, wall_add_us(core->now, HAND_OVER_AHEAD_US)));",
         "\tplan_job_to(core, job, wall_add_us(core->now, HAND_OVER_AHEAD_US - (border.us < 0)));"),
    ], LEASE, "a_hand_over_ahead_of_time_runs_up_to_the_border_and_not_beyond"),
    Mutant("a stay ends with another", "1", [
        ("agent/job_leave.c", "\tif (count_stays(core, id) == 0 && job_table_get(core, id) == NULL)", "\tif (job_table_get(core, id) == NULL)"),
    ], LEASE, "keeps_its_row_until_both_have_run"),
    Mutant("an at-most-once request sent again by curl", "3", [
        ("agent/runner_response.c", "transfer->sendings == 1 || transfer->call->job->policy->type != JOB_ATMOST_ONCE",
         "transfer->sendings >= 1 || transfer->call->job->policy->type != JOB_ATMOST_ONCE"),
    ], ("unit", "test_runner"), "a_lost_connection_is_the_end_for_atmost_once"),
    Mutant("jobs come from central alone after a start", "7", [
        ("agent/core.c", "\tfor (guint i = 0; i < snapshot->jobs->len; i++) {\n\t\tconst struct stored_job",
         "\tfor (guint i = snapshot->jobs->len; i < snapshot->jobs->len; i++) {\n\t\tconst struct stored_job"),
    ], daemon("promises", "promise_7_an_agent_fires_after_a_restart_with_everything_else_gone"), "for a fire without central"),
    Mutant("an unheard agent's fires are holes", "8", [
        ("central/ledger_rule.c", "\t\ttake_unknown(walk, at);\n\t\treturn;", "\t\tif (walk == NULL)\n\t\t\ttake_unknown(walk, at);"),
    ], ("unit", "test_central_truth"), "test_due_is_decided_or_unknown_or_a_hole"),
    Mutant("an order waits for the dead", "1", [
        ("central/failover.c", "status == DB_OK ? command_follow(conn) : status", "status"),
    ], daemon("commands", "a_run_order_follows_its_job_or_is_told_as_skipped"), "for the heir to run it"),
    Mutant("an order for a job that is gone is swallowed", "1", [
        ("agent/core.c", "\telse\n\t\tdecline_order(core, command->job_id, id);", "\telse if (core == NULL)\n\t\tdecline_order(core, command->job_id, id);"),
    ], ("unit", "test_core"), "an_order_for_a_job_that_is_gone"),
    Mutant("a place forgets who had it before", "8", [
        ("sql/central/queries/ledger.sql", "AND job.target_mode = 'count'", "AND job.target_mode = 'none'"),
    ], daemon("ledger", "a_place_that_passed_to_another_agent_keeps_what_was_decided_for_it"), "decided"),
    Mutant("a missed range is known by its begin alone", "8", [
        ("sql/central/definitions/ingest.sql", "\tWHERE status = 5 AND last_scheduled_at > scheduled_at\n", "\tWHERE status = 5 AND last_scheduled_at < scheduled_at\n"),
    ], daemon("ledger", "a_range_that_began_weeks_ago_covers_the_window_though_the_day_of_its_begin_was_dropped"), "decided"),
    Mutant("what was kept for long enough is a hole", "8", [
        ("sql/central/definitions/history.sql", "\tPERFORM execution_kept_from(to_date(substr(part, 11), 'YYYYMMDD') + 1);\n", ""),
    ], daemon("ledger", "a_window_begins_where_everything_is_kept_and_what_was_kept_for_long_enough_is_no_hole"), "AssertionError"),
    Mutant("a full disk keeps its ballast", "11", [
        ("agent/store_heal.c", "\tstore_ballast_release(store);\n\tstore_db_checkpoint", "\tstore_db_checkpoint"),
    ], ("unit", "test_store_faults"), "a_full_disk_gives_up_the_ballast"),
    Mutant("a suspect file is not looked at", "11", [
        ("agent/store_heal.c", "\tif (!store_db_open(&store->db, store->path, true, error))", "\tif (!store_db_open(&store->db, store->path, false, error))"),
    ], ("unit", "test_store_faults"), "a_database_that_turns_corrupt_under_way"),
    Mutant("one target may have every place", "12", [
        ("agent/admission.c", "\t    target->open >= core->config.max_open_per_target)", "\t    target->open >= INT_MAX)"),
    ], CORE, "a_hanging_target_delays_no_other"),
    Mutant("an endless body is read to its end", "12", [
        ("agent/runner_response.c", "\tsize_t length = MIN(size, RESPONSE_READ_MAX - transfer->body_bytes);", "\tsize_t length = size;"),
    ], ("unit", "test_runner"), "an_endless_body_is_cut"),
    Mutant("an echoed secret is kept", "14", [
        ("agent/fire.c", "\tredact_secrets(job, execution->response_body, ", "\tredact_secrets(job, NULL, "),
    ], daemon("secrets", "a_secret_goes_to_the_target_and_nowhere_else"), "tells a secret|part of a secret"),
    Mutant("egress looks at the outer address only", "12", [
        ("agent/egress.c", "\t\tn += embedded_ipv4(&forms[0], forms + 1);", "\t\t(void)embedded_ipv4(&forms[0], forms + 1);"),
    ], ("unit", "test_egress"), "test_an_address_is_judged|no_spelling_of_a_url"),
    Mutant("fixed instants repeat after a step back", "10", [
        ("agent/recovery.c", "\t\tbool restarts = correction || !is_fixed(job);", "\t\tbool restarts = true;"),
    ], CLOCK, "fixed_jobs_do_not_repeat_after_two_hours_back"),
    Mutant("interval jobs silent after a step back", "10", [
        ("agent/recovery.c", "\t\tbool restarts = correction || !is_fixed(job);", "\t\tbool restarts = correction;"),
    ], CLOCK, "after_two_hours_back_interval_jobs_go_on_and_fixed_ones_do_not_repeat"),
    Mutant("the same identity after a step back", "10", [
        ("agent/recovery.c", "\tstate->clock_epoch++;\n", ""),
    ], CLOCK, "after_two_hours_back.*720"),
    Mutant("memory without end", "faults.md", [
        ("central/memory.c", "atomic_load(&memory->taken) >= kept)", "atomic_load(&memory->taken) >= kept - G_MAXINT32)"),
    ], daemon("central_faults", "with_little_memory_what_is_too_much_is_503_and_central_lives_on"), "ended with|Connection refused"),
    Mutant("a full disk is called away", "faults.md", [
        ("central/db_statement.c", "{ \"53100\", DB_FULL, false }", "{ \"53100\", DB_AWAY, false }"),
    ], daemon("central_faults", "without_room_for_tables_changes_are_507_and_agents_keep_what_they_have"), "expected 507, got 503"),
    Mutant("ack before commit (central)", "4", [
        ("central/ingest_group.c", "\tif (status == DB_OK)\n\t\tstatus = db_commit(group->conn);\n", ""),
        ("central/ingest_group.c", "\tif (db_in_transaction(conn))\n\t\tdb_rollback(conn);",
         "\tif (status != DB_OK && db_in_transaction(conn))\n\t\tdb_rollback(conn);"),
        ("central/svc_sync.c", "\tenum db_status status = db_begin(conn);\n\t/* A forgotten",
         "\tenum db_status status = db_in_transaction(conn) ? DB_OK : db_begin(conn);\n\t/* A forgotten"),
    ], daemon("ingest", "nothing_is_acked_and_nothing_lost_while_postgresql_crashes_under_load"), "acked records are gone"),
    Mutant("ack while synchronous_commit is off", "4", [
        ("central/ingest_group.c", "\tif (status == DB_OK && !group->durable) {", "\tif (false && status == DB_OK && !group->durable) {"),
    ], daemon("ingest", "nothing_is_acked_while_the_database_forgets_what_it_commits"), "expected 503, got 200"),
    Mutant("sums count all rows, not the new ones", "5", [
        ("central/ingest_write.c", "\t\tif (writing->new_ones != NULL && !g_hash_table_remove", "\t\tif (false && !g_hash_table_remove"),
    ], daemon("ingest", "one_execution_under_two_numbers_counts_once"), "(minute|hour|day) of"),
    Mutant("known records are tried all at once for ever", "5", [
        ("central/ingest_write.c", " || may_repeat(writing), written", " || (may_repeat(writing) && writing->n == 0), written"),
    ], daemon("ingest", "known_records_in_many_batches_are_one_error_in_the_log_of_postgresql"), r"assert \d+ == \(\d+ \+ 1\)"),
    Mutant("a batch that overtook another is taken", "6", [
        ("central/ingest_stream.c", "\t\t\tresult->outcome = INGEST_GAP;", "\t\t\tresult->outcome = INGEST_TAKEN;"),
    ], daemon("ingest", "a_batch_that_overtook_another_is_not_taken_before_its_turn"), "assert 100 == 0"),
    Mutant("the agent takes any ack", "4", [
        ("agent/sync_answer.c", "\tif (reply->acked_seq > sync->highest_sent) {", "\tif (reply->acked_seq == INT64_MAX) {"),
    ], daemon("agent_sync", "an_ack_of_records_that_were_never_sent_is_refused"), "for the refusal"),
    Mutant("sent counts as acked", "4", [
        ("agent/sync_answer.c", "\t\tstore_sqlite_ack(sync->store, round->unsent->epoch, reply->acked_seq);\n\tif (!pass_jobs",
         "\t\tstore_sqlite_ack(sync->store, round->unsent->epoch, reply->acked_seq);\n"
         "\telse\n\t\tstore_sqlite_ack(sync->store, round->unsent->epoch, sync->highest_sent);\n\tif (!pass_jobs"),
    ], daemon("agent_sync", "records_that_central_did_not_take_are_sent_again"), "was not sent again"),
    Mutant("a poison record holds up its batch", "13", [
        ("central/ingest.c", "status == DB_REFUSED && member->limit - done > 1)", "status == DB_REFUSED && member->limit - done > n)"),
    ], daemon("ingest", "a_record_that_only_the_database_refuses_is_found_and_quarantined"), r"AssertionError: [45]\d\d "),
    Mutant("an agent may end another's orders", "14", [
        ("sql/central/queries/command.sql", "WHERE agent_id = $1::uuid AND command_id = ANY", "WHERE $1::uuid IS NOT NULL AND command_id = ANY"),
    ], daemon("sync_protocol", "commands_and_records_of_one_agent_are_closed_to_another"), r"assert \[\] == \[\{"),
    Mutant("a revoked agent's key still opens", "14", [
        ("sql/central/queries/token.sql", "FROM agent WHERE key_sha256 = decode($1::text, 'hex') AND revoked_at IS NULL",
         "FROM agent WHERE key_sha256 = decode($1::text, 'hex')"),
    ], daemon("sync_protocol", "a_revoked_agent_is_refused_and_its_jobs_go_to_others"), "waited 5 s"),
    Mutant("a replaced key still opens", "14", [
        ("sql/central/queries/token.sql", "SET key_sha256 = next_key_sha256, next_key_sha256 = NULL, key_rotated_at = now()",
         "SET key_rotated_at = now()"),
    ], daemon("rotation", "a_rotation_changes_the_key_file_and_the_old_key_opens_nothing_a_second_later"), "the old key still opens"),
    Mutant("a remembered key brings a next one", "14", [
        ("sql/central/queries/agents.sql", "AND key_sha256 = decode($3::text, 'hex') AND revoked_at", "AND $3::text <> '' AND revoked_at"),
    ], daemon("rotation", "a_key_changes_its_own_agent_only_and_only_when_that_was_ordered"), "204 in "),
    Mutant("a new key is told before it is written down", "14", [
        ("agent/key_ring.c", "\tif (!agent_key_write(ring->state_dir, AGENT_KEY_NEXT, &next, error)) {",
         "\tif (error == NULL && !agent_key_write(ring->state_dir, AGENT_KEY_NEXT, &next, error)) {"),
    ], daemon("rotation", "an_agent_killed_in_the_middle_of_a_rotation_still_gets_in_and_ends_it"), "the new key is written down before"),
    Mutant("an expired token still opens", "14", [
        ("sql/central/queries/token.sql", " AND (token.expires_at IS NULL OR token.expires_at > now())", ""),
    ], daemon("api_roles", "each_route_opens_for_its_role_and_greater_ones_only"), "for the short token to expire"),
    Mutant("a cancel goes to who holds the job now only", "1", [
        ("sql/central/queries/command.sql", "(NOT removed OR since_at IS NOT NULL OR changed_at > now() - interval '1 day')", "NOT removed"),
    ], daemon("commands", "a_cancel_reaches_a_former_holder_that_is_still_running_the_job"), "1 == 2"),
    Mutant("a cancel leaves what waits for its agent", "9", [
        ("sql/central/queries/command.sql", "WHERE $2::uuid IS NULL AND job_id = $1::uuid AND type = 'run'", "WHERE $2::uuid IS NULL AND job_id = $1::uuid AND type = ''"),
    ], daemon("commands", "a_cancel_withdraws_what_was_ordered_before_it_and_has_not_begun"), "== "),
    Mutant("what a silent agent never heard of is nobody's", "1", [
        ("sql/central/queries/assign.sql", "change.runs AND change.since_at IS NULL AND coalesce(CASE", "change.runs AND false AND coalesce(CASE"),
    ], daemon("failover", "what_a_silent_agent_was_given_and_never_heard_of_is_decided_by_its_heir"), "== \\[\\]"),
    Mutant("who stays changes its place", "3", [
        ("sql/central/definitions/placement.sql", "AND had.target_key = ANY (vacant.keys)", "AND had.target_key = '-'"),
    ], daemon("fleet", "two_agents_that_a_job_has_no_patience_with_do_not_swap_their_places"), "== \\["),
    Mutant("an idle copy is not noticed", "14", [
        ("sql/central/queries/sync.sql", "AND ($19::text = '' OR EXISTS", "AND ($19::text <> '-' OR EXISTS"),
    ], daemon("copies", "a_copy_that_says_nothing_is_refused_after_two_syncs_of_the_original"), "expected 409"),
    Mutant("a refused agent goes on firing", "14", [
        ("agent/loop_messages.c", "\tcore_stand_aside(loop->core, news->refused);\n", ""),
    ], daemon("copies", "a_copied_agent_starts_nothing_while_the_original_goes_on"), "the refused copy plans on"),
    Mutant("a revoked agent is not told", "14", [
        ("central/admit.c", "\t\tproblem_add(reply, \"revoked\", json_true());\n", ""),
    ], daemon("failover", "a_revoked_agent_hears_of_it_and_starts_nothing_that_others_have_now"), "the agent to hear of it"),
    Mutant("any role opens any route", "14", [
        ("central/admit.c", "request->identity.role >= least && ", "request->identity.role >= ROLE_VIEWER && "),
    ], daemon("api_roles", "each_route_opens_for_its_role_and_greater_ones_only"), "of viewer"),
    Mutant("a list that has changed is said not to have", "8", [
        ("central/content_tag.c", "(const unsigned char *)said, reply->body_size - reply->untagged,", "(const unsigned char *)said, MIN(reply->body_size - reply->untagged, 8),"),
    ], daemon("openapi", "what_has_not_changed_is_not_sent_again"), "304 == 200"),
    Mutant("the overview of a quiet fleet changes with the clock", "8", [
        ("central/api_overview.c", "reply->untagged = strcspn(reply->body, \",\");", "reply->untagged = 0;"),
    ], daemon("overview", "the_overview_of_a_quiet_fleet_has_the_same_tag_though_time_goes_on"), "200 == 304"),
    Mutant("a job of a silent agent is not unknown", "8", [
        ("sql/central/queries/jobs.sql", "CASE WHEN NOT EXISTS (\n\t\t\tSELECT FROM assignment held", "CASE WHEN EXISTS (\n\t\t\tSELECT FROM assignment held"),
    ], daemon("job_list", "jobs_without_an_agent_and_those_of_silent_agents_are_told_and_found"), "2100"),
    Mutant("an heir decides all of the silence", "8", [
        ("sql/central/queries/assign.sql", "ELSE greatest(state.last_seen_at, begins.at)", "ELSE state.last_seen_at"),
    ], daemon("failover", "the_heir_of_an_agent_that_is_cut_off_and_goes_on_calls_nothing_missed_that_it_may_have_run"), "assert not \\["),
    Mutant("a fire that two agents ran looks like any other", "8", [
        ("sql/central/queries/executions.sql", "AND double.execution_id = shown.execution_id LIMIT 1", "AND double.execution_id = shown.agent_id LIMIT 1"),
    ], daemon("failover", "a_fire_that_the_silent_agent_and_its_heir_both_ran_is_marked_in_the_lists_and_counted"), "assert set\\(\\) == \\{"),
    Mutant("what came and went unheard is forgotten", "1", [
        ("agent/job_change.c", "\tpass_all(core, passing, change);\n", "\tif (passing->len == 0)\n\t\tpass_all(core, passing, change);\n"),
    ], ("sim", "--moves --seeds 100 --first 1"), "came and went"),
    Mutant("who was told is not noted", "3", [
        ("central/svc_sync.c", "db_param_int(&params, reply->jobs_revision);\n\treturn db_run(conn, \"sync_told\"", "db_param_int(&params, 0);\n\treturn db_run(conn, \"sync_told\""),
    ], daemon("away", "a_job_that_came_and_went_unheard_is_told_with_all_that_was_its_own"), "assert \\["),
    Mutant("who had a job hears nothing of its end", "9", [
        ("agent/job_leave.c", "while (move->ended && g_hash", "while (move->ended && core->jobs == NULL && g_hash"),
    ], LEASE, "nothing_begins_any_more"),
    Mutant("a server forgets no lease", "3", [
        ("sql/central/queries/assign.sql", "CASE WHEN server_started_at = pg_postmaster_start_time() THEN trusted_since ELSE now() END AS since", "'-infinity'::timestamptz AS since"),
    ], daemon("lease_race", "a_lease_that_a_server_may_have_forgotten_is_waited_for"), "assert \\["),
    Mutant("definitions are made once per database", "upgrades", [
        ("sql/central/queries/migrate.sql", "(checksum = $3\n\tOR", "($3 = $3\n\tOR"),
    ], daemon("schema", "definitions_that_are_not_the_recorded_ones_are_put_right_at_the_next_start_and_rights_stay"), "were not put right"),
    Mutant("an older program takes the definitions back", "upgrades", [
        ("sql/central/queries/migrate.sql", "\n\tOR string_to_array(split_part(name, ' ', 2), '.')::integer[] > string_to_array(split_part($2, ' ', 2), '.')::integer[]", "\n\tAND $2 <> ''"),
    ], daemon("schema", "the_definitions_of_a_newer_program_stay_when_an_older_one_starts"), "an older program took the definitions back"),
    Mutant("migrations are kept when the definitions fail", "upgrades", [
        ("central/migrate.c", "\tif (result == MIGRATE_OK)\n\t\tresult = define(", "\tif (result == MIGRATE_OK && db_commit(conn) == DB_OK && db_begin(conn) == DB_OK)\n\t\tresult = define("),
    ], daemon("schema", "migrations_and_definitions_are_there_together_or_not_at_all"), "half of it is there"),
    Mutant("a deleted job keeps its place by the last run", "lists", [
        ("sql/central/definitions/ingest.sql", "false, 0, '-infinity', NEW.deleted_at IS NULL)", "false, 0, '-infinity', true)"),
    ], daemon("job_list", "pages_of_frequent_and_of_rare_jobs_agree_with_reading_all"), "in the order"),
    Mutant("rare jobs are looked for along the order only", "lists", [
        ("sql/central/definitions/job_page.sql", "(SELECT count(*) FROM walked) = $8 UNION ALL SELECT * FROM collected", "true"),
    ], daemon("job_list", "pages_of_frequent_and_of_rare_jobs_agree_with_reading_all"), "in the order"),
    Mutant("a folder that is never quiet is never read", "9", [
        ("agent/life.c", "\telse if (mono_diff_us(mono_now(), life->jobs_dir_busy_since) >= JOBS_DIR_BUSY_MS * US_PER_MS)\n\t\treturn;\n",
         "\telse\n\t\tlife->jobs_dir_busy_since = mono_now();\n"),
    ], daemon("edit_under_load", "a_storm_of_edits_and_reloads_of_job_files_loses_and_doubles_no_fire"), "no edit took effect"),
    Mutant("a drained host may be stopped at once", "3", [
        ("sql/central/queries/agents.sql", "(SELECT max(since_at) FROM assignment WHERE", "(SELECT min(since_at) - interval '5 seconds' FROM assignment WHERE"),
    ], daemon("failover", "a_drained_agent_hands_over_without_losing_or_doubling_a_fire"), "assert "),
    Mutant("all jobs of mode all are silent together", "lists", [
        ("sql/central/queries/jobs.sql", "PARTITION BY job.target_mode = 'all', job.selector,", "PARTITION BY job.target_mode = 'all',"),
    ], daemon("job_list", "jobs_of_all_agents_are_unknown_when_those_of_their_own_selector_are_silent"), "assert "),
    Mutant("a list of unknown jobs asks one of mode all for all of them", "lists", [
        ("sql/central/definitions/job_page.sql", "SELECT DISTINCT ON (selector) selector, job_id FROM job WHERE target_mode = ''all'' AND deleted_at IS NULL) AS alike",
         "SELECT job.selector, first.job_id FROM job, (SELECT min(job_id::text)::uuid AS job_id FROM job WHERE target_mode = ''all'') AS first) AS alike"),
    ], daemon("job_list", "jobs_of_all_agents_are_unknown_when_those_of_their_own_selector_are_silent"), "assert "),
    Mutant("what names a draining agent may be taken by others", "fleet", [
        ("sql/central/queries/agents.sql", "held.n - own.n - named.n AS kept, own.n + named.n AS bound", "held.n - own.n AS kept, own.n AS bound"),
    ], daemon("fleet", "what_a_draining_agent_has_is_counted_as_its_jobs_are_now"), "assert "),
    Mutant("wrong passwords leave no trace", "people", [
        ("central/svc_sessions.c", "\tif (status == DB_OK)\n\t\tstatus = audit_refusal(conn, request, name,", "\tif (status != DB_OK)\n\t\tstatus = audit_refusal(conn, request, name,"),
    ], daemon("people", "a_wrong_password_is_in_the_audit_with_name_and_address_and_what_the_brake_refuses_is_not"), "assert "),
    Mutant("refused links leave no trace", "people", [
        ("central/svc_sessions.c", "if (status == DB_OK && wait_s == 0)\n\t\tstatus = audit_refusal(", "if (status == DB_OK && wait_s < 0)\n\t\tstatus = audit_refusal("),
    ], daemon("people", "a_link_that_is_unknown_used_or_expired_is_in_the_audit_but_a_flood_of_them_is_not"), "assert "),
    Mutant("a commit that the standby may not have is an ack", "4", [
        ("central/db_statement.c", "\tif (status == DB_OK && conn->warned)\n", "\tif (status == DB_OK && conn->broken)\n"),
    ], daemon("database_failover", "a_commit_that_was_cancelled_while_it_waited_for_the_standby_is_no_ack"), "\\[200\\] == \\[503\\]"),
    Mutant("retention waits for readers", "4", [
        ("sql/central/definitions/history.sql", " SET lock_timeout = '200ms' AS", " AS"),
    ], daemon("chores", "while_a_backup_reads_old_days_wait_and_records_do_not"), "a batch waited for|assert 503"),
    Mutant("doubled executions end where nothing is kept of them", "8", [
        ("sql/central/queries/executions.sql", ") AS twice LEFT JOIN LATERAL (", ") AS twice JOIN LATERAL ("),
    ], daemon("history_policy", "doubled_executions_are_found_page_by_page_though_much_of_what_two_agents_decided_is_not_kept"), "assert "),
    Mutant("an edit to nowhere says nothing", "people", [
        ("central/svc_jobs.c", "\treturn status == DB_OK ? assign_is_held(conn, record->row.job_id, &record->held) : status;",
         "\trecord->held = true;\n\treturn status;"),
    ], daemon("cli_fleet", "where_a_job_is_and_what_is_late"), "assert "),
    Mutant("each change is compared with each", "1", [
        ("sql/central/queries/assign.sql", "FROM change FULL JOIN bumped", "FROM change JOIN bumped"),
    ], daemon("large_fleet", "a_job_comes_to_all_agents_changes_there_and_leaves_them_within_a_request"), "creating a job: 503"),
    Mutant("orders that nobody inherits hold up the watch", "1", [
        ("sql/central/queries/command.sql", " AND gone.target_key <> gone.agent_id::text\n", "\n"),
        ("sql/central/queries/command.sql", "heir AS MATERIALIZED (", "heir AS NOT MATERIALIZED ("),
    ], daemon("large_fleet", "orders_that_nobody_is_left_for_do_not_hold_up_the_watch_over_the_fleet"), "watching the fleet failed|a round of the watch"),
    Mutant("one answer may hold every holder of every job", "8", [
        ("central/ledger_facts.c", "MAX(1, jobs_before(", "MAX(facts->complete, jobs_before("),
    ], daemon("large_fleet", "the_ledger_of_a_job_on_all_agents_is_exact_and_pages_hold_few_such_jobs"), "assert "),
    Mutant("what was swept counts again", "4", [
        ("sql/central/definitions/history.sql", "SELECT * FROM gone ON CONFLICT DO NOTHING", "SELECT * FROM gone WHERE false ON CONFLICT DO NOTHING"),
    ], daemon("history_policy", "a_fire_that_was_swept_is_known_when_another_agent_tells_of_it"), "assert "),
    Mutant("a closed day takes executions", "4", [
        ("central/ingest_group.c", "\t\tingest_record_refuse(record, reason);", "\t\t(void)reason;"),
    ], daemon("history_policy", "of_a_closed_day_nothing_is_counted_anew_and_what_comes_is_told"), "assert "),
    Mutant("a range from a closed day counts for each who tells", "4", [
        ("sql/central/queries/ingest.sql", "WHERE scheduled_at >= $2::timestamptz OR NOT EXISTS (", "WHERE scheduled_at >= $2::timestamptz OR true OR NOT EXISTS ("),
    ], daemon("history_policy", "a_range_that_began_on_a_closed_day_counts_once_whoever_tells_of_it"), "assert "),
    Mutant("a plan of an empty fleet is kept", "12", [
        ("central/db_statement.c", "if (conn->plans_anew && (params == NULL || params->n == 0))", "if (conn->plans_anew && params != NULL && params->n < 0)"),
    ], daemon("large_fleet", "agents_that_fall_silent_and_come_back_all_at_once_are_noted_at_once"), "watching the fleet failed|their return"),
    Mutant("too large a piece is tried for ever", "8", [
        ("central/late.c", "status == DB_TIMEOUT && jobs > 1", "status == DB_TIMEOUT && jobs < 1"),
    ], daemon("large_fleet", "jobs_with_so_many_holders_that_a_slow_server_cannot_look_at_all_are_late_all_the_same"), "all to be late"),
    Mutant("what a job missed is decided under its new place", "8", [
        ("agent/job_change.c", "\tmissed_settle(core, job, wall_is_set(stored->since) ? stored->since : WALL_NEVER);\n", ""),
    ], ("unit", "test_core_missed"), "under_its_former_place"),
    Mutant("the time of a former mode is due at each holder", "8", [
        ("central/ledger.c", "each_decides ? ledger_revisions_with(revisions, key) : g_array_ref(revisions)", "g_array_ref(revisions)"),
    ], daemon("ledger", "of_a_former_mode_nothing_is_due_at_those_who_hold_the_job_now"), "assert "),
    Mutant("all that is on hand is decided under the former place", "8", [
        ("agent/job_change.c", "missed_settle(core, job, wall_is_set(stored->since) ? stored->since : WALL_NEVER);", "missed_settle(core, job, WALL_NEVER);"),
    ], ("unit", "test_core_missed"), "after_the_begin_of_a_new_place"),
    Mutant("a run that is cancelled on its way to disk begins", "1", [
        ("agent/cancel.c", "\t\tif (!cancel->one)\n\t\t\tjob->cancelled_to", "\t\tif (cancel->id < 0)\n\t\t\tjob->cancelled_to"),
    ], ("unit", "test_core"), "a_run_and_its_cancel_that_come_together"),
    Mutant("a chore leaves its transaction open", "4", [
        ("central/late.c", "\tif (db_in_transaction(conn))\n\t\tdb_rollback(conn);\n\treturn status;", "\treturn status;"),
        ("central/chores.c", "\t\tif (db_in_transaction(chores->conn))\n\t\t\tdb_rollback(chores->conn);\n", ""),
    ], daemon("late", "a_look_that_could_not_be_written_down_is_repeated_and_the_other_chores_go_on"), "the job to be late"),
]
