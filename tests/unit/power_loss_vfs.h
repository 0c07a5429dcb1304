/*
 * A disk that forgets: an SQLite VFS in front of the real one that keeps apart what was written and what was synced. When
 * the power goes, a seeded part of what was not synced is dropped, torn or garbled, each write for itself (so later ones
 * may be there without earlier ones), and files whose names were not synced may be gone. Test code only.
 *
 *	power_loss_install(); power_loss_reset(seed); power_loss_in(n);
 *	... the store works until the n-th write, sync, truncation or deletion; from then on all I/O fails ...
 *	power_loss_now();      when it did not come so far
 *	close the store; power_loss_return(); open the store again
 */
#ifndef BELFRY_TEST_POWER_LOSS_VFS_H
#define BELFRY_TEST_POWER_LOSS_VFS_H

#include <glib.h>

/* What the losses did, since the program began: proof that they did anything. */
struct power_loss_tally {
	gint64 losses, losses_that_changed, losses_with_open_log, losses_with_open_database, losses_during_sync;
	gint64 dropped, kept, torn, garbled, files_gone, files_back;
};
extern struct power_loss_tally power_loss_tally;

/* Becomes the default VFS. */
void power_loss_install(void);
/* Forgets all files; the dice begin at `seed`. */
void power_loss_reset(guint64 seed);
/* The power goes at the n-th operation that changes something, 1 = the next; 0 = not by itself. `database`: only changes of
 * the database itself count, so that it goes while the log is moved into it. */
void power_loss_in(gint64 n, gboolean database);
gboolean power_loss_is_dark(void);
void power_loss_now(void);
/* Writes into the files what the disk still has, and turns the power on. All handles must be closed. */
void power_loss_return(void);

#endif
