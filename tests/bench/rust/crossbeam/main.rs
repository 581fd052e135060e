// crossbeam-channel's bounded channel.

#[path = "../races.rs"]
mod races;

use crossbeam_channel::{bounded, Receiver, Sender};

impl races::Sender for Sender<u64> {
    fn put(&self, item: u64) {
        self.send(item).unwrap();
    }
}

impl races::Receiver for Receiver<u64> {
    fn get(&self) -> u64 {
        self.recv().unwrap()
    }
}

fn main() {
    races::race(bounded, |capacity| {
        let (sender, receiver) = bounded(capacity);
        Some((vec![sender; 4], vec![receiver; 4]))
    });
}
