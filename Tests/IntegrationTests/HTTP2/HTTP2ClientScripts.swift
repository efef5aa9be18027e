/// Clients of HTTP/2 in Python; each says `fine`, or what was not.
enum HTTP2ClientScripts {
    /// `httpx_client.py PLAIN_URL TLS_URL`
    static let httpx = ##"""
        import asyncio, sys
        import httpx

        LARGE = b"0123456789" * 30000


        async def check(url):
            limits = httpx.Limits(max_connections=1)
            async with httpx.AsyncClient(
                    http2=True, http1=False, verify=False, timeout=20, limits=limits) as client:
                answers = await asyncio.gather(*(client.get(f"{url}/files/large?{i}") for i in range(50)))
                for answer in answers:
                    assert answer.http_version == "HTTP/2", answer.http_version
                    assert answer.status_code == 200 and answer.content == LARGE, answer
                for path in ["/up", "/unbuffered"]:
                    answer = await client.post(url + path, content=LARGE)
                    assert answer.text == f"g1 {path}\n", answer.text
                answer = await client.head(url + "/files/large")
                assert answer.headers["content-length"] == "300000" and not answer.content
                assert (await client.get(url + "/files/none")).status_code == 404
                async with client.stream("GET", url + "/files/large") as answer:
                    async for _ in answer.aiter_bytes():
                        break
                assert (await client.get(url + "/text")).text == "text"


        for url in sys.argv[1:]:
            asyncio.run(check(url))
        print("fine")
        """##

    /// `h2_client.py PORT`
    static let h2 = ##"""
        import socket, sys
        from h2.config import H2Configuration
        from h2.connection import H2Connection
        from h2.events import (
            DataReceived, PingAckReceived, RemoteSettingsChanged, ResponseReceived, StreamEnded, StreamReset)
        from h2.settings import SettingCodes

        link = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)
        peer = H2Connection(H2Configuration(client_side=True))
        peer.initiate_connection()
        link.sendall(peer.data_to_send())


        def events_until(kind):
            while True:
                received = link.recv(65536)
                assert received, "the connection ended"
                events = peer.receive_data(received)
                for event in events:
                    if isinstance(event, DataReceived):
                        peer.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                link.sendall(peer.data_to_send())
                if any(isinstance(event, kind) for event in events):
                    return events


        events_until(RemoteSettingsChanged)
        assert peer.remote_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL] == 1

        chat = peer.get_next_available_stream_id()
        peer.send_headers(chat, [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/chat"),
            (":authority", "a"), ("sec-websocket-version", "13")])
        link.sendall(peer.data_to_send())
        [answer] = [e for e in events_until(ResponseReceived) if isinstance(e, ResponseReceived)]
        assert (b":status", b"200") in [tuple(map(bytes, f)) for f in answer.headers] \
            or (":status", "200") in answer.headers, answer.headers
        for word in [b"one", b"two", b"x" * 10000]:
            peer.send_data(chat, word)
            link.sendall(peer.data_to_send())
            echoed = b""
            while len(echoed) < len(word):
                echoed += b"".join(e.data for e in events_until(DataReceived) if isinstance(e, DataReceived))
            assert echoed == word, echoed

        peer.ping(b"12345678")
        link.sendall(peer.data_to_send())
        events_until(PingAckReceived)

        for method, path, status in [("GET", "/text", "200"), ("GET", "/files/none", "404"),
                                     ("CONNECT", "", None)]:
            stream = peer.get_next_available_stream_id()
            fields = [(":method", method), (":authority", "a")]
            if path:
                fields += [(":scheme", "http"), (":path", path)]
            peer.send_headers(stream, fields, end_stream=True)
            link.sendall(peer.data_to_send())
            events = []
            while not any(isinstance(e, (StreamEnded, StreamReset)) for e in events):
                events += events_until((StreamEnded, StreamReset, ResponseReceived))
            texts = [str(e.headers) for e in events if isinstance(e, ResponseReceived)]
            assert status is None or status in texts[0], texts

        peer.end_stream(chat)
        link.sendall(peer.data_to_send())
        events_until(StreamEnded)
        print("fine")
        """##
}
