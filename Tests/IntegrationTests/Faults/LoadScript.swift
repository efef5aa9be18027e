/// Load as a process of its own, in Python, that notices everything a client can notice.
enum LoadScript {
    static let text = ##"""
        """load.py PORT THREADS SECONDS_MAX OUT_JSON [PAUSE_MS] [FRESH]: load until standard input closes.

        FRESH of the THREADS make a connection for each request; the others keep theirs. One more sends POSTs.
        Nothing is retried, except on a kept connection that ended before any byte of the answer: "stale".
        What has happened so far stands in OUT_JSON.live.
        """
        import json, os, select, socket, sys, threading, time

        port, threads, seconds, out = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
        pause = float(sys.argv[5]) / 1000 if len(sys.argv) > 5 else 0.003
        fresh = int(sys.argv[6]) if len(sys.argv) > 6 else 0
        lock, stopping = threading.Lock(), threading.Event()
        seen = {"gets": 0, "get_failed": 0, "get_failures": [], "posts": 0, "post_failed": 0,
                "post_failures": [], "posted_ids_ok": [], "stale": 0, "stale_posts": 0, "closed_kept": 0,
                "connects": 0, "max_gap_ms": 0, "buckets": {}}
        last_get = [None]


        class Failure(Exception): pass
        class Stale(Exception): pass


        def count(key):
            with lock:
                seen[key] += 1


        class Client:
            def __init__(self, kind):
                self.kind, self.peer, self.used = kind, None, False

            def drop(self):
                peer, self.peer, self.used = self.peer, None, False
                if peer:
                    peer.close()

            def connect(self):
                """A kept connection that the other side ended without having said so is a failure."""
                if self.peer and select.select([self.peer], [], [], 0)[0]:
                    self.drop()
                    count("closed_kept")
                    note(self.kind, "closed after keep-alive")
                if self.peer is None:
                    try:
                        self.peer = socket.create_connection(("127.0.0.1", port), timeout=10)
                    except OSError as error:
                        raise Failure(f"connect: {error}")
                    count("connects")

            def ask(self, request):
                got = b""
                self.connect()
                try:
                    self.peer.sendall(request)
                    while b"\r\n\r\n" not in got:
                        got += self.more(got)
                    head, _, body = got.partition(b"\r\n\r\n")
                    head = head.decode("latin-1").lower()
                    length = int(head.partition("\r\ncontent-length:")[2].split("\r\n")[0] or "-1")
                    while len(body) < length:
                        body += self.more(body)
                except OSError as error:
                    if self.used and not got and not isinstance(error, TimeoutError):
                        raise Stale()
                    raise Failure(f"{type(error).__name__} after {len(got)} bytes")
                self.used = True
                if length < 0 or "\r\nconnection: close" in head:
                    self.drop()
                if not head.startswith("http/1.1 200"):
                    raise Failure(head.split("\r\n")[0])
                return body.decode("latin-1")

            def more(self, got):
                piece = self.peer.recv(65536)
                if not piece:
                    raise Failure("cut off") if got else ConnectionResetError("closed")
                return piece


        def note(kind, reason):
            with lock:
                seen[kind + "_failed"] += 1
                if len(seen[kind + "_failures"]) < 20:
                    seen[kind + "_failures"].append(f"{time.time():.3f} {reason}")


        def succeeded(body):
            now = time.time()
            with lock:
                seen["gets"] += 1
                seen["max_gap_ms"] = max(seen["max_gap_ms"], int((now - (last_get[0] or now)) * 1000))
                last_get[0] = now
                counts = seen["buckets"].setdefault(body, {})
                counts[int(now * 10)] = counts.get(int(now * 10), 0) + 1


        def gets(is_fresh):
            client = Client("get")
            closing = "Connection: close\r\n" if is_fresh else ""
            request = f"GET / HTTP/1.1\r\nHost: load\r\n{closing}\r\n".encode()
            while not stopping.is_set():
                try:
                    succeeded(client.ask(request))
                except Stale:
                    client.drop()
                    count("stale")
                    continue
                except Failure as failure:
                    client.drop()
                    note("get", str(failure))
                time.sleep(pause)


        def posts():
            client, number = Client("post"), 0
            while not stopping.is_set():
                number += 1
                head = f"POST / HTTP/1.1\r\nHost: load\r\nX-Id: {number}\r\nContent-Length: 4\r\n\r\n"
                try:
                    client.ask(head.encode() + b"body")
                    seen["posted_ids_ok"].append(number)
                    count("posts")
                except Stale:
                    client.drop()
                    count("stale_posts")
                except Failure as failure:
                    client.drop()
                    note("post", str(failure))
                time.sleep(pause)


        def write(file):
            file.seek(0)  # In place: a new file each time would wait for the disk.
            with lock:
                json.dump(seen, file)
            file.flush()


        running = [threading.Thread(target=posts)]
        running += [threading.Thread(target=gets, args=(index < fresh,)) for index in range(threads)]
        for thread in running:
            thread.start()
        live, end = open(out + ".live", "w"), time.time() + seconds
        while time.time() < end and not select.select([sys.stdin], [], [], 0.1)[0]:
            write(live)
        stopping.set()
        for thread in running:
            thread.join()
        write(open(out, "w"))

        """##
}
