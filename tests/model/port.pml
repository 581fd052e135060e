/* port: a model of src/port.c, request.c and busy_poll.c, in SPIN's Promela. What stands for what: README.md.
 *
 * A loop with REQUESTS requests begins gets on one slot, GETS in all, and makes up to CANCELS attempts to take
 * one back, from outside and from the callbacks. THREADS threads put PUTS items each and so complete what
 * waits; the loop itself puts OWN_PUTS. The loop looks for jobs before it sleeps POLLS times. With CLOSE the port is closed at any moment; without,
 * when all is done, so that nothing but the posts themselves can bring the loop to run a job. With LANE the first
 * request is a lane's, which nobody cancels. Nothing repeats for ever, so all runs are finite: what never comes is an
 * invalid end state.
 *
 * A critical section is one step (d_step, atomic). MUTANT_… breaks the protocol in one place. */

#ifndef THREADS
#define THREADS 1
#endif
#ifndef PUTS
#define PUTS 2
#endif
#ifndef OWN_PUTS
#define OWN_PUTS 0
#endif
#ifndef REQUESTS
#define REQUESTS 2
#endif
#ifndef GETS
#define GETS 2
#endif
#ifndef CANCELS
#define CANCELS 1
#endif
#ifndef POLLS
#define POLLS 0
#endif
#ifndef CLOSE
#define CLOSE 0
#endif
#ifndef LANE
#define LANE 0
#endif
#ifndef DISPATCH_MAX
#define DISPATCH_MAX 2
#endif

#define NOBODY REQUESTS
#define IS_A_LANES(r) (LANE && r == 0)

mtype = { NONE, DONE, CANCELED };

/* The claims: never true. They give each assertion the name that run.sh prints. */
bool exactly_once, two_outcomes, callbacks_in_order, port_invariant, send_after_close, port_gone;
#define claim(name, condition) assert((condition) || name)

/* struct handoff__port. */
chan ready = [REQUESTS] of { byte };
chan batch = [REQUESTS] of { byte };
bool has_ready;
bool signalled;
bool is_running;
bool closing;
byte actives;
bool freed;

/* uv_async_t: sent, and its callback has not begun; uv_close has been called. */
bool sent;
bool closed;

/* handoff_req_t. */
bool pending[REQUESTS];
bool queued[REQUESTS];
mtype status[REQUESTS] = NONE;

/* The slot: who waits in it, or what. */
chan getters = [REQUESTS] of { byte };
byte items;

/* What the application may still do; what the claims need. */
byte gets = GETS;
byte cancels = CANCELS;
byte polls = POLLS;
byte own_puts = OWN_PUTS;
bool posted[REQUESTS];
byte number[REQUESTS];    /* of its item, counted from 1 in the order of the slot */
byte assigned, delivered; /* items */
bool is_looking;          /* on_async or on_prepare is running, and will look or send */
byte next_thread;         /* threads are alike: without loss they begin in turn */

inline assign(r) {
  status[r] = DONE;
  assigned++;
  number[r] = assigned
}

/* uv_async_send. */
inline send() {
  claim(send_after_close, !closed);
  sent = true
}

inline check_post(r) {
  claim(port_gone, !freed);
  claim(exactly_once, pending[r] && !posted[r]);
  posted[r] = true
}

inline check_invariant() {
#ifndef MUTANT
  claim(port_invariant, (len(ready) == 0 && len(batch) == 0) || signalled);
  claim(port_invariant, !signalled || sent || is_looking);
  claim(port_invariant, has_ready == (len(ready) != 0))
#else
  skip
#endif
}

/* handoff__port_post. After this the request and the port may be gone. */
inline post_locked(r) {
  check_post(r);
  ready!r;
  has_ready = true;
  if
  :: !signalled ->
    signalled = true;
#if defined(MUTANT_SEND_UNLOCKED)
    must_send = true
#elif !defined(MUTANT_DROPPED_SEND)
    send()
#endif
  :: else
  fi;
  check_invariant();
  r = NOBODY
}

#ifdef MUTANT_SEND_UNLOCKED
#define after_post() \
  if :: atomic { must_send -> must_send = false; send() } :: !must_send fi
#else
#define after_post() skip
#endif

/* ------------------------------------------------------------------------------- the threads -- */

proctype thread(byte me) {
  byte puts = PUTS;
  byte req = NOBODY;
#ifdef MUTANT_SEND_UNLOCKED
  bool must_send;
#endif

  atomic { me == next_thread -> next_thread++ };
put: /* handoff_slot_put, which always has room here, and the wake of a request, with the slot's locks held */
  atomic {
    if
    :: puts == 0 -> goto end
    :: else -> puts--
    fi;
    if
    :: len(getters) != 0 -> getters?req; queued[req] = false; assign(req)
    :: else -> items++; goto put
    fi;
#ifdef MUTANT_POSTED_UNLOCKED
  };
  atomic {
#endif
    post_locked(req)
  };
#ifdef MUTANT_SEND_UNLOCKED
  after_post();
#endif
  goto put;
end:
  skip
}

/* ---------------------------------------------------------------------------------- the loop -- */

/* handoff__port_is_ahead, of the loop. */
#if defined(MUTANT_SELF_OUTSIDE)
#define IS_AHEAD (!has_ready)
#elif defined(MUTANT_SELF_IGNORES_READY)
#define IS_AHEAD (is_running)
#else
#define IS_AHEAD (is_running && !has_ready)
#endif

inline post_to_batch(r) { check_post(r); batch!r; r = NOBODY; check_invariant() }

/* handoff__port_post and handoff__port_post_after, by the loop. */
inline post_to_self(r) {
  if
  :: atomic { IS_AHEAD -> post_to_batch(r) }
  :: else -> atomic { post_locked(r) }; after_post()
  fi
}

/* handoff_slot_try_put by the loop, and the wake of a request, with the slot's locks held. */
inline own_put() {
  atomic {
    own_puts--;
    if
    :: len(getters) != 0 ->
      getters?req; queued[req] = false; assign(req);
      if
      :: IS_AHEAD -> post_to_batch(req)
      :: else -> post_locked(req)
      fi
    :: else -> items++
    fi
  };
  after_post()
}

/* handoff_cancel of a pending request: handoff__waitq_cancel, and then the post. */
inline cancel(r) {
  d_step {
#ifndef MUTANT_CANCEL_BLIND
    if
    :: queued[r] -> getters??eval(r); queued[r] = false; status[r] = CANCELED
    :: else -> r = NOBODY /* UV_EBUSY */
    fi
#else
    if
    :: queued[r] -> getters??eval(r); queued[r] = false
    :: else
    fi;
    status[r] = CANCELED
#endif
  };
  if
  :: r != NOBODY -> post_to_self(r)
  :: else
  fi
}

/* handoff_port_get, with a request that is free: they are alike, so it may be the first that is. */
inline begin() {
  atomic {
    gets--;
    req = 0;
    do
    :: pending[req] -> req++
    :: else -> break
    od;
    pending[req] = true;
    actives++;
    if
    :: items != 0 -> items--; assign(req)
    :: else -> queued[req] = true; getters!req; req = NOBODY
    fi
  };
  if
  :: req != NOBODY -> post_to_self(req)
  :: else
  fi
}

/* handoff_port_close. */
inline close() {
  closing = true;
  i = 0;
  do
  :: i == REQUESTS -> break
  :: i != REQUESTS && (!pending[i] || IS_A_LANES(i)) -> i++
  :: i != REQUESTS && pending[i] && !IS_A_LANES(i) -> req = i; i++; cancel(req)
  od;
  atomic { i = 0; req = NOBODY; send() }
}

#define CAN_BEGIN (gets != 0 && !closing && actives != REQUESTS)
#define CAN_CANCEL (cancels != 0 && actives != (LANE && pending[0]))
#if CLOSE
#define CAN_CLOSE (!closing)
#else
#define CAN_CLOSE (!closing && gets == 0 && actives == 0)
#endif

#define CAN_PUT (own_puts != 0)
#define CAN_ACT (CAN_BEGIN || CAN_CANCEL || CAN_CLOSE || CAN_PUT)

/* What an application does on its loop. */
inline act() {
  if
  :: CAN_BEGIN -> begin()
  :: CAN_PUT -> own_put()
  :: CAN_CANCEL ->
    atomic {
      cancels--;
      if
      :: pending[0] && !IS_A_LANES(0) -> req = 0
#if REQUESTS > 1
      :: pending[1] -> req = 1
#endif
#if REQUESTS > 2
      :: pending[2] -> req = 2
#endif
      fi
    };
    cancel(req);
    req = NOBODY
  :: CAN_CLOSE -> close()
  fi
}

inline take_ready() {
  atomic {
    do
    :: len(ready) != 0 -> ready?i; batch!i
    :: else -> break
    od;
    i = 0;
#ifdef MUTANT_HAS_READY_LATE
  };
  atomic {
#endif
    has_ready = false;
#if defined(MUTANT_CLEARED_LATE)
  };
  if
  :: len(batch) == 0 -> signalled = false
  :: else
  fi
#elif defined(MUTANT_CLEARED_UNLOCKED)
    is_more = (len(batch) != 0)
  };
  atomic { signalled = is_more; is_more = false }
#else
    signalled = (len(batch) != 0)
  }
#endif
}

/* handoff__port_run. It returns budget != 0. */
inline run_jobs() {
  is_running = true;
  budget = DISPATCH_MAX;
  do
  :: budget == 0 -> break
  :: budget != 0 ->
    if
    :: len(batch) == 0 -> take_ready()
    :: else
    fi;
    if
    :: len(batch) == 0 -> break
    :: atomic { len(batch) != 0 -> /* on_req_done */
         budget--;
         batch?req;
         claim(exactly_once, pending[req] && posted[req] && !queued[req]);
         claim(two_outcomes, status[req] == DONE || status[req] == CANCELED);
         if
         :: status[req] == DONE -> delivered++; claim(callbacks_in_order, number[req] == delivered)
         :: else
         fi;
         pending[req] = false; posted[req] = false; status[req] = NONE; number[req] = 0;
         actives--;
         req = NOBODY
       }
    fi;
    do /* its callback */
    :: CAN_ACT -> act()
    :: break
    od
  od;
  is_running = false
}

/* busy_poll.c: on_prepare. The time may be up at any moment. */
inline poll() {
  atomic {
    is_looking = true;
    is_more = signalled;
    signalled = true;
    polls--
  };
  if
  :: is_more -> atomic { is_more = false; is_looking = false } /* it has been sent */
  :: else ->
    do
    :: has_ready -> /* look */
      was_worth_it = true;
      run_jobs();
      if
      :: budget == 0 || closing || actives == 0 -> break
      :: budget != 0 && !closing && actives != 0 -> signalled = true /* begin */
      :: true -> break /* there is something else to do */
      fi
    :: true -> break
    od;
    atomic { /* end */
      if
#ifndef MUTANT_POLL_ENDS_BLIND
      :: was_worth_it || len(ready) != 0 || len(batch) != 0 -> signalled = true; send()
#endif
      :: else -> signalled = false
      fi;
      was_worth_it = false; budget = 0; is_looking = false;
      check_invariant()
    }
  fi
}

proctype loop() {
  byte req = NOBODY;
  byte i, budget;
  bool is_more, was_worth_it;
#ifdef MUTANT_SEND_UNLOCKED
  bool must_send;
#endif

  do
  :: CAN_ACT -> act()
  :: closed -> break
#if POLLS
  :: polls != 0 && actives != 0 && !closing -> poll()
#endif
  :: atomic { sent && !closed -> sent = false; is_looking = true }; /* on_async */
    run_jobs();
    atomic {
      is_looking = false;
      if
#ifdef MUTANT_NO_RESEND
      :: budget == 0
#else
      :: budget == 0 -> send()
#endif
#ifdef MUTANT_CLOSED_EARLY
      :: budget != 0 && closing -> closed = true
#else
      :: budget != 0 && closing && actives == 0 -> closed = true /* close_handles */
#endif
      :: else
      fi;
      budget = 0;
      check_invariant()
    }
  od;
  atomic { /* on_handle_closed */
    freed = true;
    claim(exactly_once, actives == 0 && len(ready) == 0 && len(batch) == 0);
    claim(exactly_once, assigned == delivered)
  }
}

init {
  byte n;
  atomic {
    run loop();
    for (n : 0 .. THREADS - 1) {
      run thread(n)
    }
  }
}
