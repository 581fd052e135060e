// crossbeam-channel's bounded channel.

#[path = "../scenarios.rs"]
mod scenarios;

use crossbeam_channel::{bounded, Receiver, Sender};

impl scenarios::Sender for Sender<u64> {
    fn put(&self, item: u64) {
        self.send(item).unwrap();
    }
}

impl scenarios::Receiver for Receiver<u64> {
    fn get(&self) -> u64 {
        self.recv().unwrap()
    }
}

fn main() {
    scenarios::run(bounded, |capacity| {
        let (sender, receiver) = bounded(capacity);
        Some((vec![sender; scenarios::SIDES], vec![receiver; scenarios::SIDES]))
    });
}
