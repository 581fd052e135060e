"""Python's queue.Queue between two threads. The scenarios are those of ../c/scenarios.c."""

import queue
import sys
import threading
import time

SIDES = 4  # threads on each side of mpmc


def put_all(channel, items):
    for item in range(1, items + 1):
        channel.put(item)


def get_all(channel, items, sums):
    sums.append(sum(channel.get() for _ in range(items)))


def run(*calls):
    threads = [threading.Thread(target=target, args=args) for target, *args in calls]
    start = time.perf_counter_ns()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter_ns() - start


def stream(capacity, share, sums):
    channel = queue.Queue(capacity)
    items = share * SIDES
    return run((put_all, channel, items), (get_all, channel, items, sums))


def pingpong(capacity, share, sums):
    there, back = queue.Queue(capacity), queue.Queue(capacity)

    def ping(items):
        total = 0
        for item in range(1, items + 1):
            there.put(item)
            total += back.get()
        sums.append(total)

    def pong(items):
        for _ in range(items):
            back.put(there.get())

    return run((ping, share * SIDES), (pong, share * SIDES))


def mpmc(capacity, share, sums):
    channel = queue.Queue(capacity)
    return run(*[(put_all, channel, share)] * SIDES, *[(get_all, channel, share, sums)] * SIDES)


def sum_to(items):
    return items * (items + 1) // 2


def main():
    name, number, items = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    scenarios = {"stream": stream, "pingpong": pingpong, "mpmc": mpmc}
    if name not in scenarios or number == 0:
        sys.exit(3)
    share = items // SIDES + 1
    sums = []
    ns = scenarios[name](number, share, sums)
    if sum(sums) != (SIDES * sum_to(share) if name == "mpmc" else sum_to(share * SIDES)):
        sys.exit("items were lost or duplicated")
    print(f"{ns / (share * SIDES):.3f}")


main()
