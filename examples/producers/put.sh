#!/usr/bin/env bash
# Puts flight events with the AWS CLI, version 1 or 2.
#
#   bash put.sh                                                            # the account and region of your profile
#   AWS_ENDPOINT_URL_KINESIS=http://127.0.0.1:4567 AWS_REGION=us-east-1 \
#     AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local bash put.sh      # a lakehouse on this machine
#
# Enough for tries and for a few records a second: each record is one request. STREAM names another stream.
set -euo pipefail

stream=${STREAM:-flight_events}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Records of one key keep their order, since each is put after the one before.
put() {
  # fileb:// is taken as it is by both versions; text would be read as base64 by version 2.
  printf '%s' "$2" >"$work/record"
  aws kinesis put-record --stream-name "$stream" --partition-key "$1" --data "fileb://$work/record" \
    --query '[ShardId, SequenceNumber]' --output text
}

put 2013-02-01/CLI/1/EWR '{"flight_id":"2013-02-01/CLI/1/EWR","event":"scheduled","event_time":"2013-01-31T15:00:00Z","carrier":"UA","flight":1,"origin":"EWR","dest":"SFO"}'
put 2013-02-01/CLI/1/EWR '{"flight_id":"2013-02-01/CLI/1/EWR","event":"departed","event_time":"2013-02-01T15:04:00Z","carrier":"UA","flight":1,"origin":"EWR","dest":"SFO","delay_minutes":4}'
