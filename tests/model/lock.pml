/* lock: a model of the spinlock of src/base/lock.h and lock.c, in SPIN's Promela. README.md maps
 * its names to the code's.
 *
 * THREADS threads hold the lock USES times each. A holder adds to a word that is not atomic. One
 * more thread knows, without the lock, when all additions have been made. It acquires and releases
 * the lock, so that the last holder has released it too, and destroys it.
 *
 * Memory is TSO (as on x86). The stores of a thread go through a buffer, first in, first out, which
 * drains at any moment, and has drained before the thread executes an atomic operation. */

#ifndef THREADS
#define THREADS 2
#endif
#ifndef USES
#define USES 2
#endif
#define ALL (THREADS * USES)
#define DESTROYER THREADS

/* The properties: never true. They give each assertion the name that run.sh prints. */
bool mutual_exclusion, nothing_lost, lock_gone;
#define check(name, condition) assert((condition) || name)

/* struct handoff__lock. */
bool locked;
byte contenders;
#ifdef MUTANT_SLEEP_UNTIL_NOTIFIED
bool notified;
#endif

byte sum; /* what the lock guards */
byte holders, additions;
bool destroyed;

/* The store buffer of each thread: a store to `sum`, then one to `locked`. */
bool is_sum_buffered[THREADS + 1];
byte buffered_sum[THREADS + 1];
bool is_release_buffered[THREADS + 1];
#define IS_DRAINED (!is_sum_buffered[me] && !is_release_buffered[me])

#define touch_lock() check(lock_gone, !destroyed)

proctype memory(byte me) {
end_of_stores:
  do
  :: atomic {
       is_sum_buffered[me] ->
       sum = buffered_sum[me];
       buffered_sum[me] = 0;
       is_sum_buffered[me] = false
     }
  :: atomic {
#ifdef MUTANT_RELAXED_RELEASE
       is_release_buffered[me] ->
#else
       is_release_buffered[me] && !is_sum_buffered[me] ->
#endif
       touch_lock();
       locked = false;
       is_release_buffered[me] = false
     }
  od
}

inline add() {
  atomic {
    is_sum_buffered[me] = true;
    buffered_sum[me] = seen + 1;
    seen = 0;
    additions++
  }
}

proctype thread(byte me) {
  byte left = USES;
  byte seen;
  bool was_locked;
#ifdef MUTANT_COUNT_DOWN_LATE
  bool has_waited;
#endif

again:
  if
  :: me != DESTROYER
#ifdef MUTANT_DESTROY_UNLOCKED
  :: me == DESTROYER && additions == ALL -> goto destroy
#else
  :: me == DESTROYER && additions == ALL
#endif
  fi;

#ifdef MUTANT_TEST_THEN_SET
  atomic { touch_lock(); was_locked = locked };
  atomic {
    IS_DRAINED -> touch_lock();
#else
  atomic { /* the first attempt: handoff__lock_try, handoff__lock_acquire */
    IS_DRAINED -> touch_lock(); was_locked = locked;
#endif
    locked = true;
    if
    :: was_locked -> was_locked = false
    :: else -> goto held
    fi
  };

  atomic { IS_DRAINED -> touch_lock(); contenders++ }; /* handoff__lock_wait */
test:
#ifdef MUTANT_SLEEP_UNTIL_NOTIFIED
  if
  :: atomic { !locked -> touch_lock() }
  :: atomic { locked -> touch_lock() }; atomic { notified -> notified = false; goto test }
  fi;
#elif defined(MUTANT_NEVER_WAIT)
  if
  :: atomic { !locked -> touch_lock() }
  :: atomic { locked -> touch_lock(); goto test }
  fi;
#else
  atomic { !locked -> touch_lock() };
#endif
  atomic {
    IS_DRAINED -> touch_lock();
    if
    :: locked -> goto test
    :: else -> locked = true
    fi
  };
#ifdef MUTANT_COUNT_DOWN_LATE
  has_waited = true;
#else
  atomic { IS_DRAINED -> touch_lock(); contenders-- };
#endif

held:
  atomic {
    touch_lock();
    check(mutual_exclusion, holders == 0);
    holders++;
    seen = sum
  };
  if /* handoff__lock_is_contended */
  :: atomic { contenders != 0 -> touch_lock() }
  :: true
  fi;
  atomic {
    holders--;
    if
    :: me == DESTROYER -> seen = 0; goto release
    :: else -> left--
    fi
  };
#ifndef MUTANT_RELEASE_FIRST
  add();
#endif

release: /* handoff__lock_release */
#ifdef MUTANT_SLEEP_UNTIL_NOTIFIED
  atomic { seen = contenders };
#endif
  atomic { touch_lock(); is_release_buffered[me] = true };
#ifdef MUTANT_RELEASE_FIRST
  if
  :: me != DESTROYER -> add()
  :: else
  fi;
#endif
#ifdef MUTANT_LOOK_AFTER_RELEASE
  atomic { touch_lock(); seen = contenders; seen = 0 };
#endif
#ifdef MUTANT_SLEEP_UNTIL_NOTIFIED
  if
  :: atomic { seen != 0 && IS_DRAINED -> notified = true; seen = 0 }
  :: else
  fi;
#endif
#ifdef MUTANT_COUNT_DOWN_LATE
  if
  :: has_waited -> atomic { IS_DRAINED -> touch_lock(); contenders--; has_waited = false }
  :: else
  fi;
#endif
  if
  :: me != DESTROYER && left != 0 -> goto again
  :: me != DESTROYER && left == 0 -> goto end
  :: else
  fi;

destroy: /* handoff_slot_destroy: its unref is atomic */
  atomic {
    IS_DRAINED ->
    destroyed = true;
    check(nothing_lost, sum == ALL)
  };
end:
  skip
}

init {
  byte n;

  atomic {
    for (n : 0 .. DESTROYER) {
      run memory(n);
      run thread(n)
    }
  }
}
