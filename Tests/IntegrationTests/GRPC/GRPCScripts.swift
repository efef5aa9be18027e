/// A gateway and clients of gRPC in Python, by the library that most others are made of. Messages are bytes:
/// nothing is generated.
enum GRPCScripts {
    /// `gateway.py PORT NAME`: says `port` when it listens, and which calls that nobody answers have ended.
    static let gateway = ##"""
        import concurrent.futures, os, signal, sys, threading, time
        # Before there are threads that would take them.
        orders = {signal.SIGUSR1, signal.SIGUSR2}
        signal.pthread_sigmask(signal.SIG_BLOCK, orders)
        import grpc
        from grpc_health.v1 import health, health_pb2, health_pb2_grpc

        name = sys.argv[2]


        def echo(request, context):
            sent = dict(context.invocation_metadata())
            known = [(key, sent[key]) for key in ("x-echo", "x-echo-bin") if key in sent]
            context.send_initial_metadata([("x-name", name)] + known)
            context.set_trailing_metadata((("x-after", "done"), ("x-after-bin", bytes(range(256)))))
            return request


        def fail(request, context):
            code, _, text = request.decode().partition(" ")
            context.abort({known.value[0]: known for known in grpc.StatusCode}[int(code)], text)


        def weak(request, context):
            # One of them serves no calls now.
            if name == "g1":
                context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
            return name.encode()


        def once(request, context):
            # In one piece, beside those of other threads.
            os.write(1, b"did %s\n" % request)
            time.sleep(0.01)
            return request


        def hang(request, context):
            context.add_callback(lambda: print("hang over", flush=True))
            print("hang begun", flush=True)
            while context.is_active():
                time.sleep(0.02)
            return b""


        def count(request, context):
            for number in range(int(request)):
                yield b"%d" % number


        def big(request, context):
            yield b"x" * int(request)


        def endless(request, context):
            context.add_callback(lambda: print("endless over", flush=True))
            while context.is_active():
                yield b"again"
                time.sleep(0.02)


        barriers = {}


        def where(request, context):
            # As many calls as the request says are here at one time.
            barriers.setdefault(request, threading.Barrier(int(request))).wait(20)
            return context.peer().encode()


        def gather(requests, context):
            return b"".join(requests)


        def talk(requests, context):
            for request in requests:
                yield request[::-1]


        methods = {
            "Name": grpc.unary_unary_rpc_method_handler(lambda request, context: name.encode()),
            "Echo": grpc.unary_unary_rpc_method_handler(echo),
            "Fail": grpc.unary_unary_rpc_method_handler(fail),
            "Weak": grpc.unary_unary_rpc_method_handler(weak),
            "Once": grpc.unary_unary_rpc_method_handler(once),
            "Where": grpc.unary_unary_rpc_method_handler(where),
            "Hang": grpc.unary_unary_rpc_method_handler(hang),
            "Count": grpc.unary_stream_rpc_method_handler(count),
            "Big": grpc.unary_stream_rpc_method_handler(big),
            "Endless": grpc.unary_stream_rpc_method_handler(endless),
            "Gather": grpc.stream_unary_rpc_method_handler(gather),
            "Talk": grpc.stream_stream_rpc_method_handler(talk),
        }
        server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(32),
            options=[("grpc.max_receive_message_length", 64 << 20), ("grpc.so_reuseport", 0)])
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", methods),))
        checks = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(checks, server)
        checks.set("", health_pb2.HealthCheckResponse.SERVING)
        try:
            from grpc_reflection.v1alpha import reflection
            reflection.enable_server_reflection(["grpc.health.v1.Health"], server)
        except ImportError:
            pass
        assert server.add_insecure_port("127.0.0.1:" + sys.argv[1])
        server.start()
        print("port", flush=True)
        states = health_pb2.HealthCheckResponse
        while True:
            isWell = signal.sigwait(orders) == signal.SIGUSR2
            checks.set("", states.SERVING if isWell else states.NOT_SERVING)
        """##

    /// `client.py CASE PORT`: says `fine`, or what was not.
    static let client = ##"""
        import sys, threading, time
        import grpc

        case, port = sys.argv[1], sys.argv[2]
        channel = grpc.insecure_channel(
            "127.0.0.1:" + port,
            options=[("grpc.max_receive_message_length", 64 << 20), ("grpc.enable_retries", 0)])
        unary = lambda method: channel.unary_unary("/t.T/" + method)
        stream = lambda method: channel.unary_stream("/t.T/" + method)


        def refused(code, call, *words, **more):
            try:
                result = call(*words, **more)
                if hasattr(result, "__next__"):
                    list(result)
            except grpc.RpcError as error:
                assert error.code() == code, (error.code(), error.details())
                return error
            raise AssertionError("it was answered")


        def kinds():
            assert unary("Echo")(b"", timeout=20) == b""
            assert list(stream("Count")(b"1000", timeout=20)) == [b"%d" % i for i in range(1000)]
            assert list(stream("Count")(b"0", timeout=20)) == []
            gather = channel.stream_unary("/t.T/Gather")
            assert gather((b"%d," % i for i in range(1000)), timeout=20) == b"".join(
                b"%d," % i for i in range(1000))
            # Each answer comes while the request goes on.
            said, gate = [], threading.Semaphore(1)
            def words():
                for number in range(50):
                    assert gate.acquire(timeout=20)
                    yield b"word%d" % number
            for answer in channel.stream_stream("/t.T/Talk")(words(), timeout=20):
                said.append(answer[::-1])
                gate.release()
            assert said == [b"word%d" % i for i in range(50)], said


        def metadata():
            raw = bytes(range(256)) * 4
            answer, call = unary("Echo").with_call(
                b"x", timeout=20, metadata=(("x-echo", "a b,c"), ("x-echo-bin", raw)))
            first, last = dict(call.initial_metadata()), dict(call.trailing_metadata())
            assert answer == b"x" and first["x-echo"] == "a b,c" and first["x-echo-bin"] == raw, first
            assert last["x-after"] == "done" and last["x-after-bin"] == bytes(range(256)), last
            error = refused(grpc.StatusCode.NOT_FOUND, unary("Fail"), "5 nö %".encode(), timeout=20)
            assert error.details() == "nö %", error.details()
            error = refused(grpc.StatusCode.UNIMPLEMENTED, unary("None"), b"", timeout=20)


        def large():
            for size in (1, 16384, 4 << 20, 9 << 20):
                body = bytes(range(256)) * (size // 256) + b"y" * (size % 256)
                assert unary("Echo")(body, timeout=60) == body, size
                assert list(stream("Big")(b"%d" % size, timeout=60)) == [b"x" * size]


        def cancel():
            call = unary("Hang").future(b"", timeout=60)
            flow = stream("Endless")(b"", timeout=60)
            for _ in range(3):
                next(flow)
            flow.cancel()
            time.sleep(float(sys.argv[3]) if len(sys.argv) > 3 else 0.3)
            call.cancel()


        def cut():
            flow = stream("Endless")(b"", timeout=60)
            for _ in range(3):
                next(flow)
            print("begun", flush=True)
            error = refused(grpc.StatusCode.UNAVAILABLE, lambda: flow)
            assert error.details() == "Unavailable", error.details()


        def where():
            count = sys.argv[3]
            calls = [unary("Where").future(count.encode(), timeout=30) for _ in range(int(count))]
            print(len(set(call.result() for call in calls)))


        def dead():
            error = refused(grpc.StatusCode.UNAVAILABLE, unary("Echo"), b"", timeout=20)
            assert error.details() == "502 Bad Gateway", error.details()


        def late():
            error = refused(grpc.StatusCode.UNAVAILABLE, unary("Hang"), b"", timeout=20)
            assert error.details() == "504 Gateway Time-out", error.details()


        def limited():
            error = refused(grpc.StatusCode.PERMISSION_DENIED, unary("Echo"), b"", timeout=20)
            assert error.details() == "403 Forbidden", error.details()


        def paged():
            refused(grpc.StatusCode.DATA_LOSS, unary("Echo"), b"", timeout=20)


        def weak():
            for _ in range(6):
                assert unary("Weak")(b"", timeout=20) == b"g2"


        def steady():
            # None is lost.
            count, names, lost = int(sys.argv[3]), set(), []
            def work():
                for _ in range(count):
                    try:
                        names.add(unary("Name")(b"", timeout=30).decode())
                    except grpc.RpcError as error:
                        lost.append((error.code(), error.details()))
            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            assert not lost, lost
            print(" ".join(sorted(names)))


        def once():
            # Calls that nobody may make twice: says which were answered.
            count, done, lost = int(sys.argv[3]), [], []
            def work(place):
                for number in range(count):
                    word = b"%d-%d" % (place, number)
                    try:
                        done.append(unary("Once")(word, timeout=30))
                    except grpc.RpcError as error:
                        assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                        lost.append(word)
            threads = [threading.Thread(target=work, args=(place,)) for place in range(8)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            assert len(done) + len(lost) == 8 * count and len(lost) <= 8, lost
            print(" ".join(sorted(word.decode() for word in done)))


        def reflection():
            from grpc_reflection.v1alpha import reflection_pb2 as messages, reflection_pb2_grpc
            stub = reflection_pb2_grpc.ServerReflectionStub(channel)
            request = messages.ServerReflectionRequest
            answers = list(stub.ServerReflectionInfo(iter(
                [request(list_services=""), request(file_containing_symbol="grpc.health.v1.Health")]),
                timeout=20))
            names = [service.name for service in answers[0].list_services_response.service]
            assert "grpc.health.v1.Health" in names and len(answers) == 2, answers
            assert answers[1].file_descriptor_response.file_descriptor_proto, answers[1]


        def load():
            # So many calls by each of eight threads: none but those under way may be lost.
            count, names, lost = int(sys.argv[3]), [], []
            def work():
                for _ in range(count):
                    try:
                        names.append(unary("Name")(b"", timeout=30))
                    except grpc.RpcError as error:
                        assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                        lost.append(error)
            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            assert len(names) + len(lost) == 8 * count and len(lost) <= 8, (len(names), len(lost))
            print(" ".join(sorted(set(name.decode() for name in names))))


        def idle():
            # Longer than any time-out but the stream's own.
            gate = threading.Event()
            def words():
                yield b"first"
                gate.wait(20)
                yield b"last"
            answers = channel.stream_stream("/t.T/Talk")(words(), timeout=30)
            assert next(answers) == b"tsrif"
            time.sleep(2)
            gate.set()
            assert list(answers) == [b"tsal"]


        globals()[case]()
        print("fine")
        """##
}
