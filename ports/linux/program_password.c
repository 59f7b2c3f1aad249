// SPDX-License-Identifier: Apache-2.0
// --set-password: of the user admin, also beside a running server, which takes it over.
#include "ports/linux/crypto_gnutls.h"
#include "ports/linux/program.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

enum {
    LINE_SIZE = USERS_PASSWORD_MAX + 3, // with its end, and what is one too many
    ATTEMPTS = 5,                       // while somebody else changes the users
};

static bool refuse(struct program *p, int status, const char *why)
{
    p->status = status;
    snprintf(p->why, WHY_SIZE, "--set-password: %s", why);
    return false;
}

// --- the line ------------------------------------------------------------------------------------

static bool read_line(char line[LINE_SIZE])
{
    if (!fgets(line, LINE_SIZE, stdin))
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

// 0: there is a line; else the signal that came first.
static int await_line(int signals)
{
    struct signalfd_siginfo caught = {0};
    struct pollfd p[] = {{.fd = signals, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    while (poll(p, 2, -1) < 0) {
    }
    bool any = p[0].revents && read(signals, &caught, sizeof caught) == sizeof caught;
    return any ? (int)caught.ssi_signo : 0;
}

// A terminal does not show what is typed, and does again whatever ends or stops the program
// meanwhile: such signals wait.
static int ask_hidden(char line[LINE_SIZE], const struct termios *shown, int signals, bool *read)
{
    struct termios hidden = *shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    fputs("New password of admin: ", stderr);
    int caught = await_line(signals);
    *read = caught == 0 && read_line(line);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, shown);
    fputs("\n", stderr);
    return caught;
}

static bool ask(char line[LINE_SIZE])
{
    static const int ends[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP};
    struct termios shown;
    sigset_t ours, before;
    bool read = false;
    int caught;
    if (tcgetattr(STDIN_FILENO, &shown) < 0)
        return read_line(line);
    sigemptyset(&ours);
    for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++)
        sigaddset(&ours, ends[i]);
    pthread_sigmask(SIG_BLOCK, &ours, &before);
    int signals = signalfd(-1, &ours, SFD_CLOEXEC);
    while ((caught = ask_hidden(line, &shown, signals, &read)) != 0) {
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        raise(caught); // who was stopped is asked again
        pthread_sigmask(SIG_BLOCK, &ours, NULL);
    }
    close(signals);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return read;
}

// --- the document --------------------------------------------------------------------------------

struct documents {
    struct users_document was, changed, there;
};

// Another program's change is not lost: the password goes on top of it.
static bool put(struct program *p, const struct users_user *admin, struct documents *d)
{
    const struct users_config *c = &p->users.all.config;
    enum base_err err = BASE_ERR_BUSY;
    d->was = p->users.all.document;
    for (unsigned i = 0; i < ATTEMPTS && err == BASE_ERR_BUSY; i++) {
        d->changed = d->was;
        if (users_put(&d->changed, admin) != BASE_OK)
            return refuse(p, EXIT_START, "there are too many users");
        err = users_write(c, &d->was, &d->changed, &d->there);
        if (err == BASE_ERR_BUSY)
            d->was = d->there;
    }
    return err == BASE_OK || refuse(p, EXIT_START, c->store->why);
}

static bool keep(struct program *p, const char *password)
{
    struct users_user admin = {.name = "admin", .role = USERS_ADMIN};
    struct documents *d = calloc(1, sizeof *d);
    bool made = d && users_password_make(&admin.password, &crypto_gnutls, password);
    bool kept = made ? put(p, &admin, d) : refuse(p, EXIT_START, "no memory, or no random numbers");
    free(d);
    return kept;
}

bool program_set_password(struct program *p)
{
    char line[LINE_SIZE];
    if (!p->options.state_dir)
        return refuse(p, EXIT_OPTIONS, "--state-dir says where the users are");
    if (!ask(line) || !users_password_is_good(line))
        return refuse(p, EXIT_OPTIONS, "a line of 8 to 128 bytes is wanted");
    if (!program_load_users(p)) {
        p->status = EXIT_START;
        return false;
    }
    bool kept = keep(p, line);
    users_crypto_wipe(line, sizeof line);
    program_end_users(p);
    if (kept)
        output_line(p->out, "The password of admin is set.\n");
    return kept;
}
