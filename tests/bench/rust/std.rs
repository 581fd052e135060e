// Rust's own sync_channel. It has one receiver, so there is no mpmc.

mod races;

use std::sync::mpsc::{sync_channel, Receiver, SyncSender};

impl races::Sender for SyncSender<u64> {
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
    races::race(sync_channel, |_| None);
}
