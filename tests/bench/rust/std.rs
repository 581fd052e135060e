// The standard library's sync_channel. It has only one receiver, so mpmc is not supported.

mod scenarios;

use std::sync::mpsc::{sync_channel, Receiver, SyncSender};

impl scenarios::Sender for SyncSender<u64> {
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
    scenarios::run(sync_channel, |_| None);
}
