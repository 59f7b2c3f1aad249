# SPDX-License-Identifier: Apache-2.0
# The one list of what both ports share, relative to ports/posix/. Read by Linux and by ESP-IDF:
# only set() in here.
set(USBIP_POSIX_SOURCES
  posix_calls.c
  posix_conn.c
  posix_http.c
  posix_http_target.c
  posix_jobs.c
  posix_loop.c
  posix_restart.c
  posix_settings.c
  posix_silence.c
  posix_socket.c
  posix_stream.c
  posix_time.c
  posix_utf8.c
  posix_ws.c
)
# How the loop waits: epoll where there is Linux, else poll().
set(USBIP_POSIX_POLLER_LINUX posix_poller_epoll.c)
set(USBIP_POSIX_POLLER_PLAIN posix_poller_poll.c)
