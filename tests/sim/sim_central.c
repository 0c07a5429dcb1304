/*
 * Central and the way to it, as far as the core takes part: orders go down, what was carried out is told up, the outbox is
 * sent by numbers. Requests are lost, doubled, and arrive a second time late; replies are lost. Central counts each row
 * once, the agent acks forward only, and an order is repeated until central heard that it was carried out.
 */
#include "tests/sim/sim.h"

#define ROUND_ROWS 500
#define DONE_MAX 50

struct order { int64_t id; char *job_id; };

struct request {
	int64_t jobs_revision;    /* with sim_moves.c */
	struct wall lease_until;
	struct mono asked;
	guint first, n;           /* rows of the outbox, from 0 */
	int64_t done[DONE_MAX];
	int n_done;
};

struct central {
	guint acked;              /* rows it has, without a hole */
	GArray *counted;          /* int, per row */
	GHashTable *orders;       /* &id -> struct order *, until heard done */
	int64_t next_order;
	guint agent_acked;        /* what the agent keeps durable */
	struct request late;      /* a copy that is still on its way */
	bool late_waits, answered;
	struct request sent;      /* the one whose reply is under way */
	struct mono next_at;      /* the next round, or the reply */
};

static void order_free(gpointer data)
{
	struct order *order = data;
	g_free(order->job_id);
	g_free(order);
}

void central_init(struct world *world)
{
	struct central *central = world->central = g_new0(struct central, 1);
	central->counted = g_array_new(FALSE, TRUE, sizeof(int));
	central->orders = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, order_free);
	central->next_order = 1;
	central->next_at = world->mono;
}

void central_done(struct world *world)
{
	g_array_unref(world->central->counted);
	g_hash_table_unref(world->central->orders);
	g_free(world->central);
}

static void carry_to_core(struct world *world, const struct order *order)
{
	struct sync_command command = { .id = order->id };
	g_strlcpy(command.job_id, order->job_id, sizeof(command.job_id));
	world_trace(world, "order %d: run %s", (int)order->id, order->job_id);
	core_command(world->core, &command);
}

void central_order(struct world *world, const char *job_id)
{
	struct order *order = g_new0(struct order, 1);
	order->id = world->central->next_order++;
	order->job_id = g_strdup(job_id);
	g_hash_table_insert(world->central->orders, &order->id, order);
	world->tally.orders++;
}

const char *central_job_of(const struct world *world, int64_t order)
{
	const struct order *found = g_hash_table_lookup(world->central->orders, &order);
	return found == NULL ? NULL : found->job_id;
}

/* Central takes what continues what it has; of what it has already it takes nothing twice. */
static void take(struct world *world, const struct request *request)
{
	struct central *central = world->central;
	if (world->moves != NULL)
		moves_heard(world, request->jobs_revision);
	for (int i = 0; i < request->n_done; i++)
		g_hash_table_remove(central->orders, &request->done[i]);
	if (request->first > central->acked)
		return;
	g_array_set_size(central->counted, MAX(central->counted->len, request->first + request->n));
	for (guint row = central->acked; row < request->first + request->n; row++)
		g_array_index(central->counted, int, row)++;
	world->tally.rows_repeated += central->acked - request->first;
	central->acked = MAX(central->acked, request->first + request->n);
}

static bool happens(struct world *world, int per_mille)
{
	return !world->quiet && dice_chance(&world->dice, per_mille);
}

/* Long worlds talk more seldom. */
static int64_t round_pause_us(struct world *world)
{
	int64_t most_us = world->scenario.seconds > 86400 ? 600 * US_PER_SECOND : 3 * US_PER_SECOND;
	return 50 * US_PER_MS + dice_below(&world->dice, world->quiet ? 3 * US_PER_SECOND : most_us);
}

/* A round begins when the change of the one before is durable. */
static bool make_moving(struct world *world, struct request *request)
{
	uint64_t digest;
	int64_t count;
	core_job_set(world->core, &request->jobs_revision, &digest, &count);
	request->asked = world->mono;
	return !world->change_under_way;
}

static void send(struct world *world)
{
	struct central *central = world->central;
	struct request request = { .first = central->agent_acked };
	request.n = MIN(world->disk.outbox->len - request.first, ROUND_ROWS);
	request.n_done = core_done_commands(world->core, request.done, DONE_MAX);
	central->next_at = mono_add_us(world->mono, round_pause_us(world));
	if (world->moves != NULL && !make_moving(world, &request))
		return;
	if (central->late_waits && dice_chance(&world->dice, 500)) {
		take(world, &central->late);
		central->late_waits = false;
	}
	if (happens(world, 100))
		return;
	take(world, &request);
	if (happens(world, 100))
		take(world, &request);
	if (happens(world, 100)) {
		central->late = request;
		central->late_waits = true;
	}
	if (happens(world, 150)) {
		world->tally.replies_lost++;
		return;
	}
	request.lease_until = wall_add_us(world->wall, SIM_LEASE_US);
	central->sent = request;
	central->answered = true;
	central->next_at = mono_add_us(world->mono, dice_below(&world->dice, 400 * US_PER_MS));
}

/* What central repeats it has not heard to be done, whatever was sent: sync_answer.c does the same. */
static void receive(struct world *world)
{
	struct central *central = world->central;
	GHashTableIter iter;
	gpointer order;
	central->answered = false;
	central->next_at = mono_add_us(world->mono, round_pause_us(world));
	central->agent_acked = MAX(central->agent_acked, MIN(central->acked, central->sent.first + central->sent.n));
	world->disk.acked = central->agent_acked;
	core_note_unsent(world->core, disk_unsent(&world->disk));
	core_tick(world->core);
	if (world->moves != NULL)
		moves_reply(world, central->sent.jobs_revision, central->sent.lease_until, central->sent.asked);
	for (int i = 0; i < central->sent.n_done; i++)
		if (!g_hash_table_contains(central->orders, &central->sent.done[i]))
			core_commands_known(world->core, &central->sent.done[i], 1);
	g_hash_table_iter_init(&iter, central->orders);
	while (g_hash_table_iter_next(&iter, NULL, &order)) {
		carry_to_core(world, order);
		if (happens(world, 100))
			carry_to_core(world, order);
	}
}

struct mono central_next(const struct world *world)
{
	return world->central->next_at;
}

void central_event(struct world *world)
{
	if (world->central->answered)
		receive(world);
	else
		send(world);
}

void central_agent_crashed(struct world *world)
{
	world->central->answered = false;
}

void central_check(struct world *world, guint rows)
{
	const struct central *central = world->central;
	if (g_hash_table_size(central->orders) > 0)
		world_trouble(world, "an order was never told to be carried out");
	if (central->acked < rows)
		world_trouble(world, "promise 4: central has %u of %u rows", central->acked, rows);
	for (guint row = 0; row < central->counted->len; row++)
		if (g_array_index(central->counted, int, row) != 1)
			world_trouble(world, "promise 5: row %u was counted %d times", row, g_array_index(central->counted, int, row));
}
