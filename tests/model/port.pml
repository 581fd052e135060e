/* port: a model of src/loop (task_queue, request, port) and of closing a lane (src/lane/lane.c), in
 * SPIN's Promela. README.md maps its names to the code's.
 *
 * A loop with REQUESTS requests begins gets on one slot, GETS in all, and cancels up to CANCELS of
 * them, from outside and from callbacks. THREADS threads put PUTS items each, and the loop puts
 * OWN_PUTS; a put completes a request that waits. With CLOSE the port closes at any moment.
 * Otherwise it closes when all is done, so that only the posts can make the loop run a task. With
 * LANE the first request belongs to a lane, which nobody cancels and which closes at any moment
 * until the port does. No loop repeats for ever, so every run is finite: a callback that never
 * comes is an invalid end state.
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
#ifndef CLOSE
#define CLOSE 0
#endif
#ifndef LANE
#define LANE 0
#endif
#ifndef BUDGET
#define BUDGET 2
#endif

/* Tasks: those of the requests, and the lane's `closed`. */
#define CLOSED REQUESTS
#define TASKS (REQUESTS + 1)
#define NOBODY TASKS
#define IS_LANES(r) (LANE && (r) == 0)

mtype = { NONE, DONE, CANCELED };

/* The properties: never true. They give each assertion the name that run.sh prints. */
bool exactly_once, two_outcomes, callbacks_in_order, port_invariant, send_after_close, port_gone;
#define check(name, condition) assert((condition) || name)

/* struct handoff__task_queue, struct handoff__port. */
chan inbox = [TASKS] of { byte };
chan run_list = [TASKS] of { byte };
bool has_inbox;
bool wakeup_pending;
bool is_running;
bool is_closing;
byte activities;
bool freed;

/* uv_async_t: sent, and its callback has not begun; closed by uv_close. */
bool sent;
bool async_closed;

/* handoff_req_t. */
bool is_pending[REQUESTS];
bool queued[REQUESTS];
mtype status[REQUESTS] = NONE;

/* struct handoff__lane. */
bool is_lane_closing, is_lane_gone;

/* The slot: its waiters, or its items. */
chan getters = [REQUESTS] of { byte };
byte items;

/* What the application may still do, and what the properties need. */
byte gets = GETS;
byte cancels = CANCELS;
byte own_puts = OWN_PUTS;
bool posted[TASKS];
byte number[REQUESTS];    /* of its item, counted from 1 in the order of the slot */
byte assigned, delivered; /* items */
bool is_on_async;         /* on_async is running, and will look at the inbox or send */
byte next_thread;         /* threads are alike: without loss they begin in turn */

inline assign(r) {
  status[r] = DONE;
  assigned++;
  number[r] = assigned
}

/* uv_async_send. */
inline send() {
  check(send_after_close, !async_closed);
  sent = true
}

inline check_post(task) {
  check(port_gone, !freed);
  check(exactly_once, !posted[task]);
  posted[task] = true
}

inline check_invariant() {
#if !defined(MUTANT) || defined(INVARIANT) /* without: to see the consequence */
  check(port_invariant, (len(inbox) == 0 && len(run_list) == 0) || wakeup_pending);
  check(port_invariant, !wakeup_pending || sent || is_on_async);
  check(port_invariant, has_inbox == (len(inbox) != 0))
#else
  skip
#endif
}

/* handoff__task_queue_post, under the queue's lock. The request and the port may be gone after. */
inline post_locked(task) {
  check_post(task);
  inbox!task;
  has_inbox = true;
  if
  :: !wakeup_pending ->
    wakeup_pending = true;
#if defined(MUTANT_SEND_UNLOCKED)
    must_send = true
#elif !defined(MUTANT_NO_SEND)
    send()
#endif
  :: else
  fi;
  check_invariant();
  task = NOBODY
}

#ifdef MUTANT_SEND_UNLOCKED
#define after_post() \
  if :: atomic { must_send -> must_send = false; send() } :: !must_send fi
#elif defined(MUTANT_TOUCH_AFTER_POST)
#define after_post() check(port_gone, !freed)
#else
#define after_post() skip
#endif

/* ---------------------------------------------------------------------------- the threads -- */

proctype thread(byte me) {
  byte puts = PUTS;
  byte req = NOBODY;
#ifdef MUTANT_SEND_UNLOCKED
  bool must_send;
#endif

  atomic { me == next_thread -> next_thread++ };
put: /* handoff_slot_put; there is always room. It wakes a request under the slot's locks. */
  atomic {
    if
    :: puts == 0 -> goto end
    :: else -> puts--
    fi;
    if
    :: len(getters) != 0 -> getters?req; queued[req] = false; assign(req)
    :: else -> items++; goto put
    fi;
#ifdef MUTANT_POST_UNLOCKED
  };
  atomic {
#endif
    post_locked(req)
  };
#ifdef MUTANT
  after_post();
#endif
  goto put;
end:
  skip
}

/* ------------------------------------------------------------------------------- the loop -- */

/* Whether a task of the loop's own goes to the run list: handoff__task_queue_is_ahead. */
#if defined(MUTANT_AHEAD_WHEN_IDLE)
#define IS_AHEAD (!has_inbox)
#elif defined(MUTANT_AHEAD_OF_INBOX)
#define IS_AHEAD (is_running)
#else
#define IS_AHEAD (is_running && !has_inbox)
#endif

inline post_to_run_list(task) {
  check_post(task); run_list!task; task = NOBODY; check_invariant()
}

/* handoff__task_queue_post and handoff__task_queue_post_after, on the loop thread. */
inline post(task) {
  if
  :: atomic { IS_AHEAD -> post_to_run_list(task) }
  :: else -> atomic { post_locked(task) }; after_post()
  fi
}

/* handoff_slot_try_put on the loop thread. It wakes a request under the slot's locks. */
inline own_put() {
  atomic {
    own_puts--;
    if
    :: len(getters) != 0 ->
      getters?task; queued[task] = false; assign(task);
      if
      :: IS_AHEAD -> post_to_run_list(task)
      :: else -> post_locked(task)
      fi
    :: else -> items++
    fi
  };
  after_post()
}

/* handoff_cancel of a pending request: handoff__waitq_cancel, then the post. */
inline cancel(r) {
  d_step {
#ifndef MUTANT_CANCEL_IGNORES_CLAIM
    if
    :: queued[r] -> getters??eval(r); queued[r] = false
    :: else -> r = NOBODY /* UV_EBUSY */
    fi;
#else
    if
    :: queued[r] -> getters??eval(r); queued[r] = false
    :: else
    fi;
#endif
    if
#ifndef MUTANT_NO_STATUS
    :: r != NOBODY -> status[r] = CANCELED
#endif
    :: else
    fi
  };
  if
  :: r != NOBODY -> post(r)
  :: else
  fi
}

/* begin: a get with request `r`. */
inline begin(r) {
  atomic {
    gets--;
    is_pending[r] = true;
    activities++;
    if
    :: items != 0 -> items--; assign(r)
    :: else -> queued[r] = true; getters!r; r = NOBODY
    fi
  };
  if
  :: r != NOBODY -> post(r)
  :: else
  fi
}

/* The lane has ended, because it was closed. */
inline post_closed() {
  task = CLOSED;
  post(task)
}

/* handoff_lane_close. The lane runs while its request is pending. */
inline close_lane() {
  atomic { is_lane_closing = true; activities++ };
  if
#ifdef MUTANT_LANE_CLOSES_RUNNING
  :: true -> post_closed()
#else
  :: !is_pending[0] -> post_closed()
  :: else
#endif
  fi
}

/* handoff_port_close: it tells the members, and wakes the loop. */
inline close() {
  is_closing = true;
#if LANE
  if
#ifdef MUTANT_LANE_STAYS_MEMBER
  :: !is_lane_gone -> close_lane()
#else
  :: !is_lane_closing -> close_lane()
#endif
  :: else
  fi;
#endif
  i = 0;
  do
  :: i == REQUESTS -> break
  :: i != REQUESTS && (!is_pending[i] || IS_LANES(i)) -> i++
  :: i != REQUESTS && is_pending[i] && !IS_LANES(i) -> task = i; i++; cancel(task)
  od;
  atomic { i = 0; task = NOBODY; send() } /* handoff__task_queue_wake */
}

#define MAY_BEGIN(r) (!is_pending[r] && !(IS_LANES(r) && is_lane_closing))
#define MAY_CANCEL(r) (is_pending[r] && !IS_LANES(r))
#if REQUESTS == 2
#define ANY(predicate) (predicate(0) || predicate(1))
#else
#define ANY(predicate) (predicate(0) || predicate(1) || predicate(2))
#endif
#define CAN_BEGIN (gets != 0 && !is_closing && ANY(MAY_BEGIN))
#define CAN_CANCEL (cancels != 0 && ANY(MAY_CANCEL))
#define CAN_PUT (own_puts != 0)
#define CAN_CLOSE_LANE (LANE && !is_lane_closing)
#if CLOSE
#define CAN_CLOSE (!is_closing)
#else
#define CAN_CLOSE (!is_closing && gets == 0 && activities == 0)
#endif
#define CAN_ACT (CAN_BEGIN || CAN_CANCEL || CAN_PUT || CAN_CLOSE_LANE || CAN_CLOSE)

/* What an application does on its loop. Free requests are alike, so the first one will do. */
inline act() {
  if
  :: atomic { CAN_BEGIN ->
       task = 0;
       do
       :: !MAY_BEGIN(task) -> task++
       :: else -> break
       od
     };
    begin(task)
  :: CAN_PUT -> own_put()
  :: CAN_CLOSE_LANE -> close_lane()
  :: CAN_CANCEL ->
    atomic {
      cancels--;
      if
      :: MAY_CANCEL(0) -> task = 0
      :: MAY_CANCEL(1) -> task = 1
#if REQUESTS > 2
      :: MAY_CANCEL(2) -> task = 2
#endif
      fi
    };
    cancel(task);
    task = NOBODY
  :: CAN_CLOSE -> close()
  fi
}

inline take_inbox() {
  atomic {
    do
    :: len(inbox) != 0 -> inbox?i; run_list!i
    :: else -> break
    od;
    i = 0;
#ifdef MUTANT_HAS_INBOX_LATE
  };
  atomic {
#endif
    has_inbox = false;
#if defined(MUTANT_CLEAR_LATE)
  };
  if
  :: len(run_list) == 0 -> wakeup_pending = false
  :: else
  fi
#elif defined(MUTANT_CLEAR_UNLOCKED)
    is_more = (len(run_list) != 0)
  };
  atomic { wakeup_pending = is_more; is_more = false }
#else
    wakeup_pending = (len(run_list) != 0)
  }
#endif
}

/* on_task of request.c, up to its callback. */
inline end_request(r) {
  check(exactly_once, is_pending[r] && posted[r] && !queued[r]);
  check(two_outcomes, status[r] == DONE || status[r] == CANCELED);
  if
  :: status[r] == DONE -> delivered++; check(callbacks_in_order, number[r] == delivered)
  :: else
  fi;
  is_pending[r] = false; status[r] = NONE; number[r] = 0;
  activities--
}

/* It returns budget != 0. */
inline run_tasks() {
  is_running = true;
  budget = BUDGET;
  do
  :: budget == 0 -> break
  :: budget != 0 ->
    if
    :: len(run_list) == 0 -> take_inbox()
    :: else
    fi;
    if
    :: len(run_list) == 0 -> break
    :: atomic { len(run_list) != 0 ->
         budget--;
         run_list?task;
         if
         :: task == CLOSED -> /* on_closed */
           check(exactly_once, !is_lane_gone && !is_pending[0]);
           is_lane_gone = true;
           activities--
         :: else -> end_request(task)
         fi;
         posted[task] = false;
         is_lanes = (task == 0 && LANE && is_lane_closing);
         task = NOBODY
       }
    fi;
    if /* a lane that is closing looks for more completions, or has ended: finish */
    :: is_lanes && gets != 0 -> is_lanes = false; task = 0; begin(task)
    :: is_lanes -> is_lanes = false; post_closed()
    :: else
    fi;
    do /* the callback */
    :: CAN_ACT -> act()
    :: break
    od
  od;
  is_running = false
}

proctype loop() {
  byte task = NOBODY;
  byte i, budget;
  bool is_lanes;
#ifdef MUTANT_CLEAR_UNLOCKED
  bool is_more;
#endif
#ifdef MUTANT_SEND_UNLOCKED
  bool must_send;
#endif

  do
  :: CAN_ACT -> act()
  :: async_closed -> break
  :: atomic { sent && !async_closed -> sent = false; is_on_async = true }; /* on_async */
    run_tasks();
    atomic {
      is_on_async = false;
      if
      :: budget == 0 ->
#ifdef MUTANT_NO_RESEND
        skip
#else
        send()
#endif
#ifdef MUTANT_CLOSE_ACTIVE
      :: budget != 0 && is_closing -> async_closed = true
#else
      :: budget != 0 && is_closing && activities == 0 -> async_closed = true /* on_drained */
#endif
      :: else
      fi;
      budget = 0;
      check_invariant()
    }
  od;
  atomic { /* on_handle_closed */
    freed = true;
    check(exactly_once, activities == 0 && len(inbox) == 0 && len(run_list) == 0);
    check(exactly_once, assigned == delivered && is_lane_gone == LANE)
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
