/* lock: a model of src/lock.h and lock.c, in SPIN's Promela. What stands for what: README.md.
 *
 * THREADS threads hold the lock USES times each, either way: who has tried the fast one in vain goes the slow one. While a
 * thread holds it, it adds to a word that is not atomic. One more thread learns, without the lock, that all uses have been made,
 * which is before they have ended, and destroys it.
 * Each thread's stores go through a buffer, first in, first out, which drains at any moment, and has drained before
 * anything atomic, or the mutex, is changed. */

#ifndef THREADS
#define THREADS 2
#endif
#ifndef USES
#define USES 2
#endif
#define ALL (THREADS * USES)

bool mutual_exclusion, nothing_lost, lock_gone;
#define claim(name, condition) assert((condition) || name)

/* struct handoff__lock. */
bool taken;
byte wanted;
bool mutex;

bool destroyed;
byte sum; /* what the lock guards */
byte inside, done;

/* Of each thread: a store to `sum`, then one to `taken`. */
#define DESTROYER THREADS
bool is_sum_buffered[THREADS + 1];
byte buffered_sum[THREADS + 1];
bool is_give_buffered[THREADS + 1];
#define IS_DRAINED (!is_sum_buffered[me] && !is_give_buffered[me])

#ifdef MUTANT_SLEEPS_UNTIL_TOLD
bool told;
#endif

#define touch() claim(lock_gone, !destroyed)

proctype memory(byte me) {
end_of_stores:
  do
  :: atomic { is_sum_buffered[me] -> sum = buffered_sum[me]; buffered_sum[me] = 0; is_sum_buffered[me] = false }
#ifdef MUTANT_NOT_RELEASED
  :: atomic { is_give_buffered[me] ->
#else
  :: atomic { is_give_buffered[me] && !is_sum_buffered[me] ->
#endif
       touch();
       taken = false;
       is_give_buffered[me] = false }
  od
}

proctype thread(byte me) {
  byte left = USES;
  bool has_mutex, was_taken;
#ifdef MUTANT_WANTED_LATE
  bool has_waited;
#endif
  byte seen;

again:
  if
  :: me != DESTROYER -> goto fast
  :: me != DESTROYER -> goto slow /* shut, settle and the like */
  :: me == DESTROYER && done == ALL ->
#ifdef MUTANT_DESTROYS_FAST
    goto fast
#else
    goto slow
#endif
  fi;

fast: /* handoff__lock_try */
  atomic {
    touch();
    if
    :: wanted != 0 -> goto slow
    :: else
    fi
  };
#ifdef MUTANT_TEST_THEN_SET
  atomic { touch(); was_taken = taken };
  atomic {
    IS_DRAINED ->
    taken = true;
#else
  atomic {
    IS_DRAINED ->
    touch();
    was_taken = taken;
    taken = true;
#endif
    if
    :: was_taken -> was_taken = false; goto slow
    :: else -> goto held
    fi
  };

slow: /* handoff__lock_acquire, handoff__lock_wait */
  atomic {
    IS_DRAINED ->
    touch();
    has_mutex = !mutex;
    mutex = true
  };
#ifdef MUTANT_SLOW_WITHOUT_WORD
  if
  :: has_mutex -> goto held
  :: else -> atomic { !mutex -> mutex = true; has_mutex = true; goto held }
  fi;
#endif
#ifdef MUTANT_DESTROYS_WITHOUT_WORD
  if
  :: me == DESTROYER && !has_mutex -> atomic { !mutex -> mutex = true; has_mutex = true }
  :: else
  fi;
  if
  :: me == DESTROYER -> goto release
  :: else
  fi;
#endif
  if
  :: has_mutex ->
    atomic {
      touch();
      if
      :: !taken -> taken = true; goto held
      :: else
      fi
    }
  :: else
  fi;
  atomic { touch(); wanted++ };
  if
  :: !has_mutex -> atomic { !mutex -> touch(); mutex = true; has_mutex = true }
  :: else
  fi;
#ifdef MUTANT_SLEEPS_UNTIL_TOLD
look:
  atomic {
    if
    :: !taken -> taken = true
    :: else -> goto sleep
    fi
  };
  goto got;
sleep:
  atomic { told -> told = false; goto look };
got:
#else
  atomic { !taken -> touch(); taken = true }; /* it looks until it is free: that it is taken changes nothing */
#endif
#ifdef MUTANT_WANTED_LATE
  has_waited = true;
#else
  atomic { touch(); wanted-- };
#endif

held:
  atomic {
    touch();
    claim(mutual_exclusion, inside == 0);
    inside++;
    seen = sum
  };
  if
  :: me == DESTROYER -> atomic { inside--; goto release }
  :: else
  fi;
  atomic {
    is_sum_buffered[me] = true;
    buffered_sum[me] = seen + 1;
    seen = 0;
    left--;
    done++;
    inside--
  };

release: /* handoff__lock_give_word, and the mutex */
#ifdef MUTANT_SLEEPS_UNTIL_TOLD
  atomic { seen = wanted };
#endif
  atomic { touch(); is_give_buffered[me] = true };
#ifdef MUTANT_LOOKS_AFTER
  atomic { touch(); seen = wanted; seen = 0 };
#endif
#ifdef MUTANT_SLEEPS_UNTIL_TOLD
  if
  :: atomic { seen != 0 && IS_DRAINED -> told = true; seen = 0 }
  :: else
  fi;
#endif
  if
  :: has_mutex -> atomic { IS_DRAINED -> touch(); mutex = false; has_mutex = false }
  :: else
  fi;

#ifdef MUTANT_WANTED_LATE
  if
  :: has_waited -> atomic { touch(); wanted--; has_waited = false }
  :: else
  fi;
#endif

  if
  :: me == DESTROYER ->
    atomic {
      touch();
      destroyed = true;
      claim(nothing_lost, sum == ALL)
    }
  :: me != DESTROYER && left != 0 -> goto again
  :: else
  fi
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
