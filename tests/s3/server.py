"""An S3 server (moto) that checks signatures: run with the interpreter of its own environment.

    server.py PORT FILE BUCKET...       makes a user who may do everything, his key and the buckets; then writes the key to FILE and serves until it is killed
"""
import json
import os
import sys

import boto3
from moto import settings
from moto.server import ThreadedMotoServer

port, path, buckets = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
where = {"endpoint_url": f"http://127.0.0.1:{port}", "region_name": "us-east-1", "aws_access_key_id": "setup", "aws_secret_access_key": "setup"}
server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
server.start()
iam = boto3.client("iam", **where)
iam.create_user(UserName="central")
everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
iam.put_user_policy(UserName="central", PolicyName="everything", PolicyDocument=json.dumps(everything))
key = iam.create_access_key(UserName="central")["AccessKey"]
for bucket in buckets:
    boto3.client("s3", **where).create_bucket(Bucket=bucket)
settings.INITIAL_NO_AUTH_ACTION_COUNT = 0  # from here on requests have to be signed by that key
with open(path + ".new", "w", encoding="ascii") as f:
    os.chmod(path + ".new", 0o600)
    f.write(f"access_key_id = {key['AccessKeyId']}\nsecret_access_key = {key['SecretAccessKey']}\n")
os.rename(path + ".new", path)
sys.stdin.read()
