#!/bin/bash
# The image's health check: asks the service of this container whether it is ready; exit code 0 or 1, the answer as output.
#
# In bash, because a Node started for each question costs some fifty times the work, every few seconds in every container, and on a busy machine
# more time than the check is given. 127.0.0.1 and not localhost, which may be ::1 where the service listens on 0.0.0.0 only.
set -u
port=${MUSTER_HTTP_PORT:-}
if [ -z "$port" ]; then
  echo 'MUSTER_HTTP_PORT is not set: the health check does not know where to ask' >&2
  exit 1
fi
# Bash itself says that nobody listens. A service that is there and does not answer is cut off by the check's own limit.
exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
printf 'GET /health/ready HTTP/1.0\r\n\r\n' >&3
read -r _ status _ <&3 || true
while IFS= read -r line <&3 && [ "${line%$'\r'}" != '' ]; do :; done
body=''
IFS= read -r body <&3 || true
echo "${status:-no answer} ${body:0:400}"
[ "${status:-}" = 200 ]
