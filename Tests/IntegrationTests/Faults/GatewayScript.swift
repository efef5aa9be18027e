/// A gateway as a process of its own, in Python: it can be killed, stopped, restarted, and told to misbehave.
enum GatewayScript {
    static let text = ##"""
        """gateway.py PORT NAME RECORD_FILE: an HTTP/1.1 server that misbehaves when told so.

        NAME.ready beside the record: "STATUS BODY" of /status/ready (200 without it). NAME.mode: silent,
        garbage, cut or reset; "-all" behind it means /status/ready too. NAME.marred: a line for each request
        that was answered badly.
        """
        import asyncio, os, socket, struct, sys

        port, name, record = int(sys.argv[1]), sys.argv[2], sys.argv[3]
        folder = os.path.dirname(os.path.abspath(record))


        def appender(path):
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


        records, marred = appender(record), appender(os.path.join(folder, name + ".marred"))


        def control(suffix):
            try:
                with open(os.path.join(folder, name + suffix)) as file:
                    return file.read().strip()
            except OSError:
                return ""


        class Connection(asyncio.Protocol):
            def connection_made(self, transport):
                self.transport, self.pending, self.tunnels, self.later = transport, b"", False, None

            def connection_lost(self, _):
                self.forget_reset()

            def data_received(self, data):
                self.forget_reset()
                if self.tunnels:
                    return self.transport.write(data)
                self.pending += data
                while not self.transport.is_closing() and self.take_request():
                    pass

            def take_request(self):
                end = self.pending.find(b"\r\n\r\n")
                if end < 0 or self.tunnels:
                    return False
                lines = self.pending[:end].decode("latin-1").split("\r\n")
                method, target = lines[0].split(" ")[:2]
                fields = {}
                for line in lines[1:]:
                    key, _, value = line.partition(":")
                    fields[key.lower()] = value.strip()
                length = int(fields.get("content-length", "0"))
                if len(self.pending) < end + 4 + length:
                    return False
                self.pending = self.pending[end + 4 + length:]
                self.serve(method, target.split("?")[0], fields)
                return True

            def serve(self, method, target, fields):
                mode = control(".mode")
                wide = mode.endswith("-all")
                mode = mode[:-4] if wide else mode
                if target == "/status/ready":
                    if not wide:
                        status, _, body = (control(".ready") or "200 ready").partition(" ")
                        return self.answer(int(status), body, fields)
                elif target == "/missing":
                    return self.answer(404, "missing", fields)
                elif mode == "silent":
                    return self.mar(method, target, fields)
                elif method == "POST" and "x-id" in fields:
                    os.write(records, (fields["x-id"] + "\n").encode())
                if mode == "silent":
                    return
                if mode == "garbage":
                    self.mar(method, target, fields)
                    self.transport.write(b"\x16\x03\x01 what is this\r\n\r\n")
                    return self.transport.close()
                if mode == "cut":
                    self.mar(method, target, fields)
                    self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 100)
                    return self.transport.close()
                if fields.get("upgrade", "").lower() == "websocket":
                    self.tunnels = True
                    self.transport.write(
                        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                        b"Upgrade: websocket\r\n\r\n")
                    self.transport.write(self.pending)
                    return
                keeps = self.answer(200, name, fields)
                if mode == "reset" and keeps:
                    self.later = asyncio.get_running_loop().call_later(0.03, self.reset)

            def mar(self, method, target, fields):
                if target != "/status/ready":
                    os.write(marred, f"{method} {fields.get('x-id', '')}\n".encode())

            def answer(self, status, body, fields):
                keeps = fields.get("connection", "").lower() != "close"
                connection = "keep-alive" if keeps else "close"
                self.transport.write(
                    f"HTTP/1.1 {status} Some\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
                    f"Connection: {connection}\r\n\r\n{body}".encode())
                if not keeps:
                    self.transport.close()
                return keeps

            def reset(self):
                peer = self.transport.get_extra_info("socket")
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.transport.abort()
                os.write(marred, b"RESET\n")

            def forget_reset(self):
                if self.later:
                    self.later.cancel()
                    self.later = None


        async def main():
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            await asyncio.get_running_loop().create_server(Connection, sock=listener, backlog=512)
            parent = os.getppid()
            while os.getppid() == parent:
                await asyncio.sleep(0.5)


        asyncio.run(main())

        """##
}
