/* Java's blocking queues: SynchronousQueue for capacity 0, otherwise ArrayBlockingQueue. The
 * scenarios are those of ../c/scenarios.c. Each runs once untimed, so that the code is compiled. */

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.atomic.AtomicLong;

public final class Queues {
  private static final int SIDES = 4; // threads on each side of mpmc
  private static final long WARM_UP_ITEMS = 20000;

  interface Body {
    void run() throws InterruptedException;
  }

  private static BlockingQueue<Long> queue(int capacity) {
    return capacity == 0 ? new SynchronousQueue<>() : new ArrayBlockingQueue<>(capacity);
  }

  private static Thread start(Body body) {
    Thread thread = new Thread(() -> {
      try {
        body.run();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
    thread.start();
    return thread;
  }

  private static void putAll(BlockingQueue<Long> queue, long items) throws InterruptedException {
    for (long item = 1; item <= items; item++) {
      queue.put(item);
    }
  }

  private static long getAll(BlockingQueue<Long> queue, long items) throws InterruptedException {
    long sum = 0;
    for (long i = 0; i < items; i++) {
      sum += queue.take();
    }
    return sum;
  }

  private static void check(long sum, long expected) {
    if (sum != expected) {
      throw new IllegalStateException("items were lost or duplicated");
    }
  }

  private static void stream(int capacity, long items) throws InterruptedException {
    BlockingQueue<Long> queue = queue(capacity);
    Thread producer = start(() -> putAll(queue, items));
    check(getAll(queue, items), items * (items + 1) / 2);
    producer.join();
  }

  private static void pingpong(int capacity, long items) throws InterruptedException {
    BlockingQueue<Long> there = queue(capacity);
    BlockingQueue<Long> back = queue(capacity);
    Thread other = start(() -> {
      for (long i = 0; i < items; i++) {
        back.put(there.take());
      }
    });
    long sum = 0;
    for (long item = 1; item <= items; item++) {
      there.put(item);
      sum += back.take();
    }
    check(sum, items * (items + 1) / 2);
    other.join();
  }

  private static void mpmc(int capacity, long share) throws InterruptedException {
    BlockingQueue<Long> queue = queue(capacity);
    AtomicLong sum = new AtomicLong();
    Thread[] threads = new Thread[SIDES * 2];
    for (int i = 0; i < threads.length; i += 2) {
      threads[i] = start(() -> putAll(queue, share));
      threads[i + 1] = start(() -> sum.addAndGet(getAll(queue, share)));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    check(sum.get(), SIDES * (share * (share + 1) / 2));
  }

  private static void run(String scenario, int capacity, long items) throws InterruptedException {
    switch (scenario) {
      case "stream" -> stream(capacity, items);
      case "pingpong" -> pingpong(capacity, items);
      case "mpmc" -> mpmc(capacity, items / SIDES);
      default -> System.exit(3);
    }
  }

  public static void main(String[] args) throws InterruptedException {
    String scenario = args[0];
    int capacity = Integer.parseInt(args[1]);
    long items = (Long.parseLong(args[2]) / SIDES + 1) * SIDES;
    run(scenario, capacity, Math.min(items, WARM_UP_ITEMS));
    long start = System.nanoTime();
    run(scenario, capacity, items);
    System.out.printf("%.3f%n", (double) (System.nanoTime() - start) / items);
  }
}
