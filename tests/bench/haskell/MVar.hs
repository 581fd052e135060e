-- GHC's MVar between two threads of the operating system (forkOS, -threaded). An MVar holds one
-- item, so the capacity is 1. The scenarios are those of ../c/scenarios.c.

module Main (main) where

import Control.Concurrent (forkOS)
import Control.Concurrent.MVar
import Control.Monad (replicateM_, when)
import GHC.Clock (getMonotonicTimeNSec)
import System.Environment (getArgs)
import System.Exit (ExitCode (..), exitWith)

getAll :: MVar Int -> Int -> IO Int
getAll slot items = go 0 items
  where
    go sum' 0 = pure sum'
    go sum' left = do
      item <- takeMVar slot
      let total = sum' + item
      total `seq` go total (left - 1)

putAll :: MVar Int -> Int -> IO ()
putAll slot items = mapM_ (putMVar slot) [1 .. items]

-- The main thread is bound too, so each side has a thread of the operating system.
stream :: Int -> IO Int
stream items = do
  slot <- newEmptyMVar
  _ <- forkOS (putAll slot items)
  getAll slot items

pingpong :: Int -> IO Int
pingpong items = do
  there <- newEmptyMVar
  back <- newEmptyMVar
  _ <- forkOS (replicateM_ items (takeMVar there >>= putMVar back))
  let go sum' item
        | item > items = pure sum'
        | otherwise = do
            putMVar there item
            got <- takeMVar back
            let total = sum' + got
            total `seq` go total (item + 1)
  go 0 1

main :: IO ()
main = do
  args <- getArgs
  case args of
    [scenario, "1", text] -> do
      let items = read text
      start <- getMonotonicTimeNSec
      sum' <- case scenario of
        "stream" -> stream items
        "pingpong" -> pingpong items
        _ -> exitWith (ExitFailure 3)
      ended <- getMonotonicTimeNSec
      when (sum' /= items * (items + 1) `div` 2) $ fail "items were lost or duplicated"
      print (fromIntegral (ended - start) / fromIntegral items :: Double)
    _ -> exitWith (ExitFailure 3)
