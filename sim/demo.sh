#!/usr/bin/env bash
# The demo: a broker, one central and three edges on loopback, driven by real likes over HTTP/2, checked to the last one.
# Called by `make demo`, which builds first and passes on:
#
#   REPLAY=FILE   a log to replay instead of the generated hour (kudos-sim replay --help tells its format)
#   SPREAD=sticky|random|user   which edge gets an event                  [sticky; user for the generated hour]
#   KAFKA=embedded|real         the embedded broker, or Apache Kafka      [embedded]
#   KEEP=1        leave it running afterwards, with a playground (a page of switches); `make demo-stop` ends it
#   PORT_BASE=N   central N, edges N+1..N+3, admin ports 1000 above each, broker N+9, playground N+10   [8440]
#
# All it writes is below run/demo, which a run begins by removing. $PIDS lists what it started, broker and central first, and each of those runs in
# this folder: by that a process is told from a stranger that got its number later. With KEEP=1 the playground stands there in central's place: it starts
# central, may kill it and start it again, and ends it with itself. Edges then reach Kafka and central by the playground's links, which it can cut.
set -euo pipefail

BUILD=${BUILD:-build}
PORT_BASE=${PORT_BASE:-8440}
KAFKA=${KAFKA:-embedded}
REPLAY=${REPLAY:-}
SPREAD=${SPREAD:-}
KEEP=${KEEP:-}
RUN=run/demo
EDGES=(mumbai virginia singapore)
KAFKA_OF=() CENTRAL_OF=()
CENTRAL_URL=http://127.0.0.1:$PORT_BASE
PIDS=$RUN/pids

die() {
    local status=$1
    shift
    echo "demo: $*" >&2
    exit "$status"
}

port_of() { # index of an edge
    echo $((PORT_BASE + 1 + $1))
}

playground_url() {
    echo "http://127.0.0.1:$((PORT_BASE + 10))"
}

check_arguments() {
    [[ $PORT_BASE =~ ^[0-9]+$ ]] && ((PORT_BASE >= 1024 && PORT_BASE <= 64500)) ||
        die 2 "PORT_BASE=$PORT_BASE is not a number from 1024 to 64500"
    [[ $KAFKA == embedded || $KAFKA == real ]] || die 2 "KAFKA=$KAFKA is neither embedded nor real"
    [[ -z $SPREAD || $SPREAD == sticky || $SPREAD == random || $SPREAD == user ]] ||
        die 2 "SPREAD=$SPREAD is none of sticky, random, user"
    [[ -z $REPLAY || -r $REPLAY ]] || die 2 "REPLAY=$REPLAY cannot be read"
}

taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

check_ports() {
    local i port ports=()
    for i in 0 1 2 3; do ports+=($((PORT_BASE + i)) $((PORT_BASE + 1000 + i))); done
    ports+=($((PORT_BASE + 9)))
    [[ -z $KEEP ]] || ports+=($((PORT_BASE + 10)))
    for port in "${ports[@]}"; do
        ! taken "$port" || die 4 "port $port is taken; make demo PORT_BASE=N moves all of them"
    done
}

ours() { # pid
    [[ $(readlink "/proc/$1/cwd") == "$PWD" ]] 2>/dev/null
}

# Its data must not be removed under a demo that runs.
check_alone() {
    local pid
    [[ -r $PIDS ]] || return 0
    for pid in $(<"$PIDS"); do
        ! ours "$pid" || die 4 "a demo is running in this folder already (process $pid); make demo-stop ends it"
    done
}

end() { # pids: all at once, in bounded time
    local pid mine=()
    for pid; do
        ! ours "$pid" || ! kill -TERM "$pid" 2>/dev/null || mine+=("$pid")
    done
    for pid in "${mine[@]}"; do
        for _ in $(seq 300); do # longer than the 20 s that sim/kafka/kafka.py gives its JVM
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
    done
}

# Driver and edges first, which hand over what they have; then central, then the broker. Impatience does not cut it short.
stop_all() {
    trap '' HUP INT TERM
    [[ -r $PIDS ]] || return 0
    local pids
    mapfile -t pids <"$PIDS"
    end "${pids[@]:2}"
    end "${pids[@]:1:1}"
    end "${pids[@]:0:1}"
    rm -f "$PIDS"
}

# In a session of its own: Ctrl-C and the end of the terminal reach this script only, which then stops all in order.
start() { # name, command...
    local name=$1
    shift
    setsid "$@" >"$RUN/$name.log" 2>&1 </dev/null &
    echo $! >>"$PIDS"
}

all_alive() {
    local pid
    for pid in $(<"$PIDS"); do kill -0 "$pid" 2>/dev/null || return 1; done
}

wait_for() { # what, seconds, command...
    local what=$1 seconds=$2
    shift 2
    local end=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) && all_alive || {
            tail -n 5 "$RUN"/*.log >&2
            die 4 "$what did not come up (limit $seconds s)"
        }
        sleep 0.05
    done
}

ready() {
    curl -fsS --max-time 1 "http://127.0.0.1:$(($1 + 1000))/readyz"
}

make_secrets() {
    (
        umask 077
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost \
            -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$RUN/key.pem" -out "$RUN/cert.pem" 2>/dev/null
        openssl rand -hex 32 >"$RUN/session.secret"
        echo "1 visitors $(openssl rand -hex 32)" >"$RUN/visitors.keys"
        openssl genpkey -algorithm ed25519 -out "$RUN/jwt.key"
        openssl pkey -in "$RUN/jwt.key" -pubout -out "$RUN/jwt.pem"
    )
}

# Who signs in: an identity provider's part, played by kudos-sim.
token() { # user
    "$BUILD/kudos-sim" token --key "$RUN/jwt.key" --sub "$1" --iss kudos-demo --aud kudos --exp 30d
}

start_broker() {
    if [[ $KAFKA == real ]]; then
        start kafka python3 sim/kafka/kafka.py run --dir "$RUN/kafka" --port $((PORT_BASE + 9)) \
            --address-file "$RUN/broker.address"
    else
        start broker "$BUILD/kudos-sim" broker --port $((PORT_BASE + 9)) --partitions 8 --address-file "$RUN/broker.address"
    fi
    wait_for "the $KAFKA broker" 400 test -s "$RUN/broker.address"
    BROKER=$(head -n 1 "$RUN/broker.address")
}

# Sets KAFKA_OF and CENTRAL_OF: by which addresses each edge reaches them.
start_central() {
    local i name command=("$BUILD/kudos-central" -c configs/demo/central.conf --set central.data_dir="$PWD/$RUN/central"
        --set jwt.keys_file="$PWD/$RUN/jwt.pem" --set visitors.keys_file="$PWD/$RUN/visitors.keys"
        --set kafka.brokers="$BROKER" --set http.listen="127.0.0.1:$PORT_BASE"
        --set admin.listen="127.0.0.1:$((PORT_BASE + 1000))")
    if [[ -n $KEEP ]]; then
        start_playground "${command[@]}"
        for i in "${!EDGES[@]}"; do read -r name "KAFKA_OF[$i]" "CENTRAL_OF[$i]"; done <"$RUN/links"
    else
        start central "${command[@]}"
        for i in "${!EDGES[@]}"; do KAFKA_OF[i]=$BROKER CENTRAL_OF[i]=$CENTRAL_URL; done
    fi
    wait_for central 30 ready "$PORT_BASE"
}

start_playground() { # command that starts central...
    local i edges=()
    for i in "${!EDGES[@]}"; do edges+=(--edge "${EDGES[$i]}=$(port_of "$i")"); done
    start playground "$BUILD/kudos-sim" playground --port $((PORT_BASE + 10)) --kafka "$BROKER" --central-port "$PORT_BASE" \
        --central-admin $((PORT_BASE + 1000)) "${edges[@]}" --key "$RUN/jwt.key" --iss kudos-demo --aud kudos \
        --links "$RUN/links" --log "$RUN/central.log" -- "$@"
    wait_for "the playground" 30 test -s "$RUN/links"
}

start_edge() { # index
    local name=${EDGES[$1]} port
    port=$(port_of "$1")
    start "edge-$name" "$BUILD/kudos-edge" -c configs/demo/edge.conf --set edge.name="$name" --set edge.region="$name" \
        --set edge.data_dir="$PWD/$RUN/$name" --set kafka.brokers="${KAFKA_OF[$1]}" --set http.listen="127.0.0.1:$port" \
        --set admin.listen="127.0.0.1:$((port + 1000))" --set central.url="${CENTRAL_OF[$1]}" \
        --set http.tls_certificate="$PWD/$RUN/cert.pem" --set http.tls_key="$PWD/$RUN/key.pem" \
        --set http.session_secret="$PWD/$RUN/session.secret" --set jwt.keys_file="$PWD/$RUN/jwt.pem" \
        --set visitors.keys_file="$PWD/$RUN/visitors.keys"
}

start_edges() {
    local i
    for i in "${!EDGES[@]}"; do start_edge "$i"; done
    for i in "${!EDGES[@]}"; do wait_for "edge ${EDGES[$i]}" 30 ready "$(port_of "$i")"; done
}

tell() {
    cat <<EOF
kudos: central $CENTRAL_URL; $KAFKA broker $BROKER
edges: ${EDGES[0]} $(port_of 0), ${EDGES[1]} $(port_of 1), ${EDGES[2]} $(port_of 2) (TLS and h2c on one port)
EOF
}

# NAME=value for scripts: . run/demo/env
write_env() {
    local i
    (
        umask 077
        for i in 0 1 2; do
            echo "EDGE$((i + 1))=http://127.0.0.1:$(port_of $i)"
            echo "EDGE$((i + 1))_TLS=https://localhost:$(port_of $i)"
            echo "ADMIN$((i + 1))=http://127.0.0.1:$(($(port_of $i) + 1000))"
        done
        echo "CENTRAL=$CENTRAL_URL"
        echo "BROKERS=$BROKER"
        echo "CA=$PWD/$RUN/cert.pem"
        echo "TOKEN_ADA=$(token ada)"
        echo "TOKEN_BOB=$(token bob)"
        [[ -z $KEEP ]] || echo "PLAYGROUND=$(playground_url)"
    ) >"$RUN/env"
}

tell_kept() {
    cat <<EOF
It goes on running; \`make demo-stop\` ends it. Logs: $RUN/*.log. Addresses, and tokens of ada and bob: $RUN/env. Try:
  . $RUN/env
  curl --cacert $RUN/cert.pem -X POST -H "Authorization: Bearer \$TOKEN_ADA" https://localhost:$(port_of 0)/v1/posts/hello/like
  curl --cacert $RUN/cert.pem -X POST -H 'X-User-Id: you' https://localhost:$(port_of 0)/v1/posts/hello/like
  curl --http2-prior-knowledge http://127.0.0.1:$(port_of 1)/v1/posts/hello/counts
  curl --http2-prior-knowledge '$CENTRAL_URL/v1/posts/hello/counts?by=region'
  curl --cacert $RUN/cert.pem -X DELETE -H 'X-User-Id: you' https://localhost:$(port_of 2)/v1/posts/hello/like
  curl http://127.0.0.1:$((PORT_BASE + 1001))/metrics
  $BUILD/kudos-central export --url $CENTRAL_URL | tail -n 3

Playground, in a browser: $(playground_url)

EOF
}

# Becomes the driver: called in the background, so that a signal to this script ends the run at once.
drive() {
    local log=$REPLAY spread=$SPREAD i
    if [[ -z $log ]]; then
        log=$RUN/hour.tsv
        spread=${spread:-user}
        "$BUILD/kudos-sim" generate --events 500000 --users 200000 --out "$log"
        echo "a generated hour: $(wc -l <"$log") taps, spread=$spread, 2 % of the answers lost on their way"
        set -- --lost 0.02
    fi
    for i in 0 1 2 3; do set -- "$@" --admin "http://127.0.0.1:$((PORT_BASE + 1000 + i))"; done
    exec "$BUILD/kudos-sim" replay "$log" --spread "${spread:-sticky}" --central "$CENTRAL_URL" \
        --edge "http://127.0.0.1:$(port_of 0)" --edge "http://127.0.0.1:$(port_of 1)" \
        --edge "http://127.0.0.1:$(port_of 2)" "$@"
}

main() {
    if [[ ${1:-} == stop ]]; then
        stop_all
        return
    fi
    check_arguments
    check_alone
    check_ports
    rm -rf "$RUN"
    mkdir -p "$RUN"
    trap stop_all EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    make_secrets
    start_broker
    start_central
    start_edges
    write_env
    tell
    [[ -z $KEEP ]] || tell_kept
    local status=0
    drive &
    echo $! >>"$PIDS"
    wait $! || status=$?
    [[ -z $KEEP ]] || trap - EXIT
    return $status
}

main "$@"
