title three times as many requests as two gateways can do: they do what they can, nobody waits long
# Four at once for 20 ms: 200 a second each.
gateway one --delay 20ms --places 4
gateway two --delay 20ms --places 4
start front portico overload.conf
load before -r 300 -c 64 -d 3s http://{front}/
wait before
assert before errors == 0
load storm -r 1200 -c 500 -d 6s http://{front}/
wait storm
assert storm status_2xx >= 2160
assert storm p99_9_us < 250ms
assert storm read_errors == 0
assert storm timeouts == 0
sleep 500ms
load after -r 300 -c 64 -d 3s http://{front}/
wait after
assert after errors == 0
assert after p99_us < 60ms
