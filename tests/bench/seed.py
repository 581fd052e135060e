#!/usr/bin/env python3
"""The tutorial's program that handoff improves on, rewritten from its description. Prints how many
items it loses.

Producer and consumer share one value and one condition variable. Each calls wait(timeout=0) without
checking a predicate, notifies, and sleeps for its interval. Only the sleeps keep the two in step.

Usage: seed.py [INTERVAL_SECONDS COUNT]...
"""

import sys
import threading
import time


class MyData:
    def __init__(self):
        self.value = 0
        self.condition = threading.Condition()

    def put(self, value, interval):
        with self.condition:
            self.condition.wait(timeout=0)
            self.value = value
            self.condition.notify()
        time.sleep(interval)

    def get(self, interval):
        with self.condition:
            self.condition.wait(timeout=0)
            value = self.value
            self.condition.notify()
        time.sleep(interval)
        return value


def run(interval, count):
    data = MyData()
    got = []

    def produce():
        for value in range(1, count + 1):
            data.put(value, interval)

    def consume():
        for _ in range(count):
            got.append(data.get(interval))

    sides = [threading.Thread(target=produce), threading.Thread(target=consume)]
    for side in sides:
        side.start()
    for side in sides:
        side.join()
    delivered = set(got) - {0}
    return count - len(delivered), len(got) - got.count(0) - len(delivered), got.count(0)


def main():
    words = sys.argv[1:] or ["0.01", "500", "0.001", "2000", "0", "20000"]
    for interval, count in zip(words[::2], words[1::2]):
        lost, duplicated, early = run(float(interval), int(count))
        print(f"interval {float(interval) * 1000:g} ms: of {count} items {lost} lost, "
              f"{duplicated} delivered twice or more, {early} gets before the first put")


main()
