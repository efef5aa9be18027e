title a gateway is killed under load and comes back: nobody notices
gateway one
gateway two
gateway three
start front portico front.conf
load clients -r 1000 -c 32 -d 6s http://{front}/
sleep 2s
kill two
sleep 2s
restart two
wait clients
assert clients errors == 0
assert clients p99_us < 100ms
assert clients answers >= 5990
assert one requests > 1000
