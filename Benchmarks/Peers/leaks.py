"""What others need for the same search: prints the seconds of the search alone, without loading programs and building tables of patterns.

    leaks.py hyperscan|duckdb FILE ADDRESSES
"""

import multiprocessing
import os
import sys
import time


def hyperscan(path, addresses):
    import hyperscan as hs

    # As literals: with borders around each, compiling ten thousand takes minutes.
    patterns = [a.replace(".", "\\.").replace("+", "\\+").encode() for a in addresses]
    database = hs.Database(mode=hs.HS_MODE_BLOCK)
    flags = hs.HS_FLAG_CASELESS
    database.compile(expressions=patterns, ids=list(range(len(patterns))), elements=len(patterns), flags=[flags] * len(patterns))
    size = os.path.getsize(path)

    def search(start, end, count, ready, go):
        matches = 0

        def found(*_):
            nonlocal matches
            matches += 1

        ready.release()
        go.wait()
        with open(path, "rb") as file:
            file.seek(start)
            left = end - start
            while left > 0:
                block = file.read(min(left, 8 << 20))
                left -= len(block)
                database.scan(block, match_event_handler=found)
        with count.get_lock():
            count.value += matches

    # Two processes with a half each: as many as the machine has processors.
    context = multiprocessing.get_context("fork")
    count, ready, go = context.Value("q", 0), context.Semaphore(0), context.Event()
    half = size // 2
    workers = [context.Process(target=search, args=(a, b, count, ready, go)) for a, b in ((0, half), (half, size))]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    start = time.perf_counter()
    go.set()
    for worker in workers:
        worker.join()
    return time.perf_counter() - start, count.value


def duckdb(path, addresses):
    import duckdb as db

    connection = db.connect()
    connection.execute("CREATE TABLE watched (address VARCHAR)")
    connection.executemany("INSERT INTO watched VALUES (?)", [[a] for a in addresses])
    start = time.perf_counter()
    count = connection.execute(
        """
        SELECT count(*) FROM read_csv(?, columns = {'line': 'VARCHAR'}, header = false, delim = '\\x01', quote = '', escape = '',
            auto_detect = false, ignore_errors = true)
        WHERE lower(regexp_extract(line, '[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+')) IN (SELECT address FROM watched)
        """.replace("\\x01", "\x01"),
        [path],
    ).fetchone()[0]
    return time.perf_counter() - start, count


if __name__ == "__main__":
    engine, file, list_file = sys.argv[1:4]
    with open(list_file) as lines:
        wanted = [line.strip() for line in lines if line.strip()]
    seconds, matches = {"hyperscan": hyperscan, "duckdb": duckdb}[engine](file, wanted)
    print(f"{seconds:.4f} {matches}")
