// The scenarios of ../c/scenarios.c, for a channel that `main` says how to make.

use std::env;
use std::process::exit;
use std::thread;
use std::time::Instant;

pub const SIDES: usize = 4; // threads on each side of mpmc

pub trait Sender: Send + 'static {
    fn put(&self, item: u64);
}

pub trait Receiver: Send + 'static {
    fn get(&self) -> u64;
}

fn sum_to(items: u64) -> u64 {
    items * (items + 1) / 2
}

fn put_all(sender: &impl Sender, items: u64) {
    for item in 1..=items {
        sender.put(item);
    }
}

fn get_all(receiver: &impl Receiver, items: u64) -> u64 {
    (0..items).map(|_| receiver.get()).sum()
}

fn stream<S: Sender, R: Receiver>(pair: (S, R), items: u64) -> u64 {
    let (sender, receiver) = pair;
    let producer = thread::spawn(move || put_all(&sender, items));
    let sum = get_all(&receiver, items);
    producer.join().unwrap();
    sum
}

fn pingpong<S: Sender, R: Receiver>(there: (S, R), back: (S, R), items: u64) -> u64 {
    let (there_sender, there_receiver) = there;
    let (back_sender, back_receiver) = back;
    let other = thread::spawn(move || {
        for _ in 0..items {
            back_sender.put(there_receiver.get());
        }
    });
    let mut sum = 0;
    for item in 1..=items {
        there_sender.put(item);
        sum += back_receiver.get();
    }
    other.join().unwrap();
    sum
}

// Senders and receivers for mpmc, if the channel supports several of each.
pub type MakeMany<S, R> = fn(usize) -> Option<(Vec<S>, Vec<R>)>;

fn mpmc<S: Sender, R: Receiver>(senders: Vec<S>, receivers: Vec<R>, share: u64) -> u64 {
    let producers: Vec<_> = senders
        .into_iter()
        .map(|sender| thread::spawn(move || put_all(&sender, share)))
        .collect();
    let consumers: Vec<_> = receivers
        .into_iter()
        .map(|receiver| thread::spawn(move || get_all(&receiver, share)))
        .collect();
    for producer in producers {
        producer.join().unwrap();
    }
    consumers.into_iter().map(|c| c.join().unwrap()).sum()
}

pub fn run<S: Sender, R: Receiver>(make: fn(usize) -> (S, R), make_many: MakeMany<S, R>) {
    let args: Vec<String> = env::args().collect();
    if args.len() != 4 {
        exit(2);
    }
    let number: usize = args[2].parse().unwrap();
    let sides = SIDES as u64;
    let share = args[3].parse::<u64>().unwrap() / sides + 1;
    let items = share * sides;
    let mut expected = sum_to(items);
    let start = Instant::now();
    let sum = match args[1].as_str() {
        "stream" => stream(make(number), items),
        "pingpong" => pingpong(make(number), make(number), items),
        "mpmc" => {
            let Some((senders, receivers)) = make_many(number) else { exit(3) };
            expected = sides * sum_to(share);
            mpmc(senders, receivers, share)
        }
        _ => exit(3),
    };
    let ns = start.elapsed().as_nanos();
    assert_eq!(sum, expected, "items were lost or duplicated");
    println!("{:.3}", ns as f64 / items as f64);
}
