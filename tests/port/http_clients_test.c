// SPDX-License-Identifier: Apache-2.0
// Which connection gives way, and when each is over; time is an argument.
#include "ports/linux/http_clients.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX = 4, MAX_OF_ADDRESS = 2 };

struct rig {
    struct http_clients clients;
    struct http_client client[8];
    int ours[8], theirs[8];
    unsigned count;
};

static struct rig *begin(void)
{
    struct rig *r = calloc(1, sizeof *r);
    http_clients_init(&r->clients, MAX, MAX_OF_ADDRESS);
    return r;
}

static void end(struct rig *r)
{
    for (unsigned i = 0; i < r->count; i++) {
        close(r->ours[i]);
        close(r->theirs[i]);
    }
    free(r);
}

static struct http_client *connect_from(struct rig *r, const char *address, uint64_t now_us)
{
    struct base_address a;
    int fd[2];
    unsigned i = r->count++;
    CHECK(base_address_parse(address, &a));
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    r->ours[i] = fd[0];
    r->theirs[i] = fd[1];
    http_clients_make_room(&r->clients, &a);
    http_clients_add(&r->clients, &r->client[i], fd[0], &a, now_us);
    return &r->client[i];
}

static bool ended(const struct rig *r, unsigned i)
{
    char byte;
    return recv(r->theirs[i], &byte, 1, MSG_DONTWAIT) == 0;
}

TEST(http_clients_of_an_address_give_way_first)
{
    struct rig *r = begin();
    for (unsigned i = 0; i < 2; i++)
        (void)connect_from(r, "192.0.2.1", 0);
    (void)connect_from(r, "192.0.2.2", 0);
    CHECK(!ended(r, 0));
    (void)connect_from(r, "192.0.2.1", 0);
    CHECK(ended(r, 0) && !ended(r, 1) && !ended(r, 2) && !ended(r, 3));
    CHECK_EQ(r->clients.count, 3);
    end(r);
}

TEST(http_clients_the_oldest_of_all_gives_way)
{
    static const char *const from[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"};
    struct rig *r = begin();
    for (unsigned i = 0; i < 4; i++)
        (void)connect_from(r, from[i], 0);
    http_clients_done(&r->clients, &r->client[0], 1); // it has used its connection
    (void)connect_from(r, "192.0.2.5", 0);
    CHECK(ended(r, 1) && !ended(r, 0));
    CHECK_EQ(r->clients.count, 4);
    end(r);
}

TEST(http_clients_with_a_running_request_are_the_last)
{
    static const char *const from[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"};
    struct rig *r = begin();
    for (unsigned i = 0; i < 4; i++)
        http_clients_run(&r->clients, connect_from(r, from[i], 0), 0);
    http_clients_done(&r->clients, &r->client[2], 0);
    (void)connect_from(r, "192.0.2.5", 0);
    CHECK(ended(r, 2));
    http_clients_run(&r->clients, &r->client[4], 0);
    (void)connect_from(r, "192.0.2.6", 0); // a newcomer is not refused
    CHECK(ended(r, 0));
    http_clients_done(&r->clients, &r->client[0], 0); // what has ended does not come back
    CHECK_EQ(r->clients.count, 4);
    end(r);
}

TEST(http_clients_a_network_is_one)
{
    struct rig *r = begin();
    (void)connect_from(r, "2001:db8:1:2::1", 0);
    (void)connect_from(r, "2001:db8:1:2:ffff::2", 0);
    (void)connect_from(r, "2001:db8:1:2:3:4:5:6", 0);
    CHECK(ended(r, 0));
    (void)connect_from(r, "2001:db8:1:3::1", 0);
    CHECK(!ended(r, 1));
    end(r);
}

TEST(http_clients_deadlines)
{
    struct rig *r = begin();
    CHECK(http_clients_deadline(&r->clients) == UINT64_MAX);
    struct http_client *c = connect_from(r, "192.0.2.1", 1000);
    CHECK(http_clients_deadline(&r->clients) == 1000 + HTTP_REQUEST_US);
    http_clients_begun(c, 3000); // its time runs from the connection on
    CHECK(http_clients_deadline(&r->clients) == 1000 + HTTP_REQUEST_US);
    http_clients_run(&r->clients, c, 4000);
    CHECK(http_clients_deadline(&r->clients) == 4000 + HTTP_ANSWER_US);
    http_clients_done(&r->clients, c, 5000);
    CHECK(http_clients_deadline(&r->clients) == 5000 + HTTP_PAUSE_US);
    http_clients_begun(c, 6000); // the next one's does not
    CHECK(http_clients_deadline(&r->clients) == 6000 + HTTP_REQUEST_US);
    http_clients_expire(&r->clients, 5999 + HTTP_REQUEST_US);
    CHECK_EQ(r->clients.count, 1);
    http_clients_expire(&r->clients, 6000 + HTTP_REQUEST_US);
    CHECK_EQ(r->clients.count, 0);
    char answer[500];
    CHECK(recv(r->theirs[0], answer, sizeof answer, MSG_DONTWAIT) > 0); // 408
    CHECK(ended(r, 0));
    http_clients_remove(&r->clients, c);
    CHECK_EQ(r->clients.count, 0);
    end(r);
}

TEST(http_clients_who_does_not_take_its_answer_is_ended)
{
    struct rig *r = begin();
    http_clients_run(&r->clients, connect_from(r, "192.0.2.1", 0), 0);
    http_clients_expire(&r->clients, HTTP_ANSWER_US);
    CHECK(ended(r, 0));
    end(r);
}
