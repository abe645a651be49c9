#!/usr/bin/env bash
# The demo: a broker, one central and three edges on loopback, driven by real likes over HTTP/2, checked to the last one.
# Called by `make demo`, which builds first and passes on:
#
#   REPLAY=FILE   a log to replay instead of the generated hour (kudos-sim replay --help tells its format)
#   SPREAD=sticky|random|user   which edge gets an event                  [sticky; user for the generated hour]
#   KAFKA=embedded|real         the embedded broker, or Apache Kafka      [embedded]
#   KEEP=1        leave it running afterwards; `make demo-stop` ends it
#   PORT_BASE=N   central N, edges N+1..N+3, broker N+9, admin ports 1000 above each   [8440]
#
# All it writes is below run/demo, which a run begins by removing.
set -euo pipefail

BUILD=${BUILD:-build}
PORT_BASE=${PORT_BASE:-8440}
KAFKA=${KAFKA:-embedded}
REPLAY=${REPLAY:-}
SPREAD=${SPREAD:-}
KEEP=${KEEP:-}
RUN=run/demo
EDGES=(mumbai virginia singapore)
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
    local port
    for port in "$PORT_BASE" $((PORT_BASE + 1)) $((PORT_BASE + 2)) $((PORT_BASE + 3)) $((PORT_BASE + 9)); do
        ! taken "$port" || die 4 "port $port is taken (a demo kept running? make demo-stop); PORT_BASE=N moves all of them"
        ((port == PORT_BASE + 9)) || ! taken $((port + 1000)) ||
            die 4 "port $((port + 1000)) is taken; PORT_BASE=N moves all of them"
    done
}

# Ends what this demo started, by pid, the last started first, each in bounded time.
stop_all() {
    [[ -r $PIDS ]] || return 0
    local pid
    for pid in $(tac "$PIDS"); do
        kill -TERM "$pid" 2>/dev/null || continue
        for _ in $(seq 150); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
    done
    rm -f "$PIDS"
}

start() { # name, command...
    local name=$1
    shift
    "$@" >"$RUN/$name.log" 2>&1 </dev/null &
    echo $! >>"$PIDS"
}

wait_for() { # what, seconds, command...
    local what=$1 seconds=$2
    shift 2
    local end=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || {
            tail -n 5 "$RUN"/*.log >&2
            die 4 "$what did not come up within $seconds s"
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
    )
}

start_broker() {
    if [[ $KAFKA == real ]]; then
        start kafka python3 tests/lib/kafka.py run --dir "$RUN/kafka" --port $((PORT_BASE + 9)) \
            --address-file "$RUN/broker.address"
    else
        start broker "$BUILD/kudos-sim" broker --partitions 8 --address-file "$RUN/broker.address"
    fi
    wait_for "the $KAFKA broker" 120 test -s "$RUN/broker.address"
    BROKER=$(head -n 1 "$RUN/broker.address")
}

start_central() {
    start central "$BUILD/kudos-central" -c configs/demo/central.conf --set central.data_dir="$PWD/$RUN/central" \
        --set kafka.brokers="$BROKER" --set http.listen="127.0.0.1:$PORT_BASE" \
        --set admin.listen="127.0.0.1:$((PORT_BASE + 1000))"
    wait_for central 30 ready "$PORT_BASE"
}

start_edge() { # index
    local name=${EDGES[$1]} port
    port=$(port_of "$1")
    start "edge-$name" "$BUILD/kudos-edge" -c configs/demo/edge.conf --set edge.name="$name" --set edge.region="$name" \
        --set edge.data_dir="$PWD/$RUN/$name" --set kafka.brokers="$BROKER" --set http.listen="127.0.0.1:$port" \
        --set admin.listen="127.0.0.1:$((port + 1000))" --set central.url="$CENTRAL_URL" \
        --set http.tls_certificate="$PWD/$RUN/cert.pem" --set http.tls_key="$PWD/$RUN/key.pem" \
        --set http.session_secret="$PWD/$RUN/session.secret"
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

tell_kept() {
    cat <<EOF
It goes on running; \`make demo-stop\` ends it. Logs: $RUN/*.log. Try:
  curl --cacert $RUN/cert.pem -X POST -H 'X-User-Id: you' https://localhost:$(port_of 0)/v1/posts/hello/like
  curl --http2-prior-knowledge http://127.0.0.1:$(port_of 1)/v1/posts/hello/counts
  curl --http2-prior-knowledge '$CENTRAL_URL/v1/posts/hello/counts?by=region'
  curl --cacert $RUN/cert.pem -X DELETE -H 'X-User-Id: you' https://localhost:$(port_of 2)/v1/posts/hello/like
  curl http://127.0.0.1:$((PORT_BASE + 1001))/metrics
  $BUILD/kudos-central export --url $CENTRAL_URL | tail -n 3
EOF
}

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
    "$BUILD/kudos-sim" replay "$log" --spread "${spread:-sticky}" --central "$CENTRAL_URL" \
        --edge "http://127.0.0.1:$(port_of 0)" --edge "http://127.0.0.1:$(port_of 1)" \
        --edge "http://127.0.0.1:$(port_of 2)" "$@"
}

main() {
    if [[ ${1:-} == stop ]]; then
        stop_all
        return
    fi
    check_arguments
    check_ports
    rm -rf "$RUN"
    mkdir -p "$RUN"
    trap stop_all EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    make_secrets
    start_broker
    start_central
    start_edges
    tell
    [[ -z $KEEP ]] || tell_kept
    local status=0
    drive || status=$?
    [[ -z $KEEP ]] || trap - EXIT
    return $status
}

main "$@"
