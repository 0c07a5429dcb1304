/*
 * A secret that a person types. Owns: the terminal while it is asked for. Does not own: what is asked, what becomes of it.
 */
#ifndef BELFRY_ASK_H
#define BELFRY_ASK_H

#define ASK_SECRET_MAX 1024

/*
 * Prints `prompt` to the terminal of this process and reads one line, at most ASK_SECRET_MAX bytes, without echo. NULL when there
 * is no terminal, or it ends. Caller wipes and frees.
 */
char *ask_secret(const char *prompt);

#endif
