/* port: a model of src/port.c, in SPIN's Promela. What stands for what: README.md.
 *
 * A loop with REQUESTS requests begins gets on one slot, GETS in all, and makes up to CANCELS attempts to take
 * one back, from outside and from the callbacks. THREADS threads put PUTS items each and so complete what
 * waits. With CLOSE the port is closed at any moment; without, when all is done, so that nothing but the
 * posts themselves can bring the loop to run a job. Nothing repeats for ever, so all runs are finite: what
 * never comes is an invalid end state.
 *
 * A critical section is one step (d_step). MUTANT_… breaks the protocol in one place. */

#ifndef THREADS
#define THREADS 1
#endif
#ifndef PUTS
#define PUTS 2
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
#ifndef CLOSE
#define CLOSE 0
#endif
#ifndef DISPATCH_MAX
#define DISPATCH_MAX 2
#endif

#define NOBODY REQUESTS

mtype = { NONE, DONE, CANCELED };

/* The claims: never true. They give each assertion the name that run.sh prints. */
bool exactly_once, two_outcomes, port_invariant, send_after_close, port_gone;
#define claim(name, condition) assert((condition) || name)

/* struct handoff__port. */
chan ready = [REQUESTS] of { byte };
chan batch = [REQUESTS] of { byte };
bool signalled;
bool closing;
byte actives;
bool freed;

/* uv_async_t: sent, and its callback has not begun; uv_close has been called. */
bool sent;
bool closed;

/* handoff_req_t. */
bool pending[REQUESTS];
bool queued[REQUESTS];
mtype status[REQUESTS];

/* The slot: who waits in it, or what. */
chan getters = [REQUESTS] of { byte };
byte items;

/* What the application may still do; what the claims need. */
byte gets = GETS;
byte cancels = CANCELS;
bool posted[REQUESTS];
byte assigned, delivered; /* items */
bool is_dispatching;      /* on_async is running, or has a re-send to make */
byte next_thread;         /* threads are alike: without loss they begin in turn */

/* uv_async_send. */
inline send() {
  claim(send_after_close, !closed);
  sent = true
}

/* handoff__port_post. After this the request and the port may be gone. */
inline post(r) {
  d_step {
    claim(port_gone, !freed);
    claim(exactly_once, pending[r] && !posted[r]);
    posted[r] = true;
    ready!r;
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
#ifndef MUTANT
    claim(port_invariant, len(ready) == 0 || signalled);
    claim(port_invariant, !signalled || sent || is_dispatching);
#endif
    r = NOBODY
  }
#ifdef MUTANT_SEND_UNLOCKED
  ;
  if
  :: atomic { must_send -> must_send = false; send() }
  :: !must_send
  fi
#endif
}

/* ------------------------------------------------------------------------------- the threads -- */

proctype thread(byte me) {
  byte puts = PUTS;
  byte req = NOBODY;
#ifdef MUTANT_SEND_UNLOCKED
  bool must_send;
#endif

  atomic { me == next_thread -> next_thread++; goto put };
put: /* handoff_put, which always has room here, and the wake of a request */
  atomic {
    if
    :: puts == 0 -> goto end
    :: else -> puts--
    fi;
    if
    :: len(getters) != 0 -> getters?req; queued[req] = false; status[req] = DONE; assigned++
    :: else -> items++; goto put_again
    fi
  };
  post(req);
put_again:
  goto put;
end:
  skip
}

/* ---------------------------------------------------------------------------------- the loop -- */

/* handoff_cancel of a pending request: handoff__slot_leave, and then the post. */
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
  :: r != NOBODY -> post(r)
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
    :: items != 0 -> items--; status[req] = DONE; assigned++
    :: else -> queued[req] = true; getters!req; req = NOBODY
    fi
  };
  if
  :: req != NOBODY -> post(req)
  :: else
  fi
}

/* handoff_port_close. */
inline close() {
  closing = true;
  i = 0;
  do
  :: i == REQUESTS -> break
  :: i != REQUESTS && !pending[i] -> i++
  :: i != REQUESTS && pending[i] -> req = i; i++; cancel(req)
  od;
  atomic { i = 0; req = NOBODY; send() }
}

#define CAN_BEGIN (gets != 0 && !closing && actives != REQUESTS)
#define CAN_CANCEL (cancels != 0 && actives != 0)
#if CLOSE
#define CAN_CLOSE (!closing)
#else
#define CAN_CLOSE (!closing && gets == 0 && actives == 0)
#endif

/* What an application does on its loop. */
inline act() {
  if
  :: CAN_BEGIN -> begin()
  :: CAN_CANCEL ->
    atomic {
      cancels--;
      if
      :: pending[0] -> req = 0
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

/* take_ready. */
inline take_ready() {
#if defined(MUTANT_CLEARED_LATE)
  atomic { move_ready() };
  if
  :: len(batch) == 0 -> signalled = false
  :: else
  fi
#elif defined(MUTANT_CLEARED_UNLOCKED)
  atomic { move_ready() };
  signalled = is_more
#else
  atomic { move_ready(); signalled = is_more }
#endif
}

inline move_ready() {
  do
  :: len(ready) != 0 -> ready?i; batch!i
  :: else -> break
  od;
  i = 0;
  is_more = (len(batch) != 0)
}

proctype loop() {
  byte req = NOBODY;
  byte i, budget;
  bool is_more;
#ifdef MUTANT_SEND_UNLOCKED
  bool must_send;
#endif

  do
  :: CAN_BEGIN || CAN_CANCEL || CAN_CLOSE -> act()
  :: closed -> break
  :: atomic { sent && !closed -> sent = false; is_dispatching = true; budget = DISPATCH_MAX };
    do /* on_async */
    :: budget == 0 -> break
    :: budget != 0 ->
      take_ready();
      if
      :: !is_more -> break
      :: else
      fi;
      do
      :: budget == 0 || len(batch) == 0 -> break
      :: atomic { budget != 0 && len(batch) != 0 -> /* on_req_done */
           budget--;
           batch?req;
           claim(exactly_once, pending[req] && posted[req] && !queued[req]);
           claim(two_outcomes, status[req] == DONE || status[req] == CANCELED);
           delivered = delivered + (status[req] == DONE);
           pending[req] = false; posted[req] = false; status[req] = NONE;
           actives--;
           req = NOBODY
         };
        do /* its callback */
        :: CAN_BEGIN || CAN_CANCEL || CAN_CLOSE -> act()
        :: break
        od
      od
    od;
    atomic {
      is_more = false;
      is_dispatching = false;
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
      budget = 0
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
