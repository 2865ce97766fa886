"""The site's state for Amazon CloudFront: a function for paths and redirects, and a CloudFormation stack around it and a bucket."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cms_ssg.edge.nginx import quote_url
from cms_ssg.edge.state import Edge
from cms_ssg.publish.headers import NOINDEX
from cms_ssg.text.counting import count
from cms_ssg.types import Problem

MOST_CODE_BYTES: Final = 10_240
MOST_KEYS_BYTES: Final = 5 * 1024 * 1024
MOST_KEY: Final = 512
MOST_VALUE: Final = 1_024
"""Quotas of CloudFront Functions and key value stores; docs/deploy-s3-cloudfront.md says where they are written."""

GONE: Final = "410"
SOURCE: Final = Path(__file__).with_name("cloudfront.js")


def list_answers(edge: Edge) -> dict[str, str]:
    """Path -> the URL it leads to, or GONE."""
    return {path: quote_url(url) for path, url in edge.redirects.items()} | dict.fromkeys(edge.gone, GONE)


def fits_into_function(edge: Edge) -> bool:
    """Whether the function's code can hold all it looks up."""
    return len(_write_code(edge, inline=True).encode()) <= MOST_CODE_BYTES


def write_function(edge: Edge) -> tuple[str, list[Problem]]:
    """The function's code, with all it looks up if that fits, else with a key value store."""
    return _write_code(edge, inline=fits_into_function(edge)), []


def _write_code(edge: Edge, *, inline: bool) -> str:
    lines = [
        f"const BASE = {json.dumps(quote_url(edge.base))};",
        f"const PAGES = {json.dumps(edge.target.cache.pages)};",
        f"const GONE = '{GONE}';",
        f"const SPLITS = {_dump(list_splits(edge))};",
        f"const FILES = {_dump(dict.fromkeys(edge.plain_files, 1))};",
    ]
    if inline:
        lines.append(f"const ANSWERS = {_dump(list_answers(edge))};")
        found, head = "ANSWERS[key]", ""
    else:
        lines += ["const STORE = cf.kvs();", "", "async function find(key) {", "  try {", "    return await STORE.get(key);"]
        lines += ["  } catch (error) {", "    return ''; // no such key", "  }", "}"]
        found, head = "await find(key)", "import cf from 'cloudfront';\n"
    code = SOURCE.read_text("utf-8").replace("/* import */\n", head).replace("/* data */", "\n".join(lines))
    return code.replace("/* look up */", found).replace("/* async */", "" if inline else "async ")


def list_splits(edge: Edge) -> dict[str, object]:
    """Path -> name of the experiment, and what to answer with in which proportion."""
    return {split.path: [split.name, [list(share) for share in split.shares]] for split in edge.splits}


def _dump(value: dict[str, object] | dict[str, str] | dict[str, int]) -> str:
    return json.dumps(dict(sorted(value.items())), ensure_ascii=False, separators=(",", ":"))


def write_keys(edge: Edge) -> tuple[str, list[Problem]]:
    """The file a key value store is filled from. What is too much for one stays a page that sends visitors on."""
    kept: list[dict[str, str]] = []
    left_out: list[dict[str, str]] = []
    size = 0
    for path, value in sorted(list_answers(edge).items()):
        row = {"key": path, "value": value}
        size += len(json.dumps(row, ensure_ascii=False).encode()) + 2
        fits = len(path) <= MOST_KEY and len(value) <= MOST_VALUE and size + 20 <= MOST_KEYS_BYTES
        (kept if fits else left_out).append(row)
    problems = []
    if left_out:
        said = f"a key value store has no room for {count(len(left_out), 'redirect')}, such as {left_out[0]['key']}: too long, or too many"
        problems.append(Problem("target.keys-full", "", 0, said, "The pages at their places send visitors on instead.", "warning"))
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in kept)
    return '{"data": [\n' + rows + "\n]}\n", problems


STACK: Final = """\
# {site}, as it was last built. Made by: cms target config cloudfront
# Deploy it in us-east-1, and again when redirects, removed pages or scripts inside pages have changed:
#   aws cloudformation deploy --region us-east-1 --stack-name {name} --template-file stack.yaml --parameter-overrides
#     Bucket=... BucketRegion=... Certificate=arn:aws:acm:us-east-1:...
AWSTemplateFormatVersion: "2010-09-09"
Description: {site}
Parameters:
  Bucket:
    Type: String
    Default: {bucket}
    Description: The bucket that cms publishes to
  BucketRegion:
    Type: String
    Default: us-east-1
  Certificate:
    Type: String
    Description: ARN of the certificate for {host}, in us-east-1
Resources:
{keys}  Function:
    Type: AWS::CloudFront::Function
    Properties:
      Name: {name}-paths
      AutoPublish: true
      FunctionConfig:
        Comment: Paths and redirects
        Runtime: cloudfront-js-2.0
{association}      FunctionCode: |
{code}
  Headers:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        Name: {name}-headers
        SecurityHeadersConfig:
          ContentTypeOptions:
            Override: true
{security}
  PreviewHeaders:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        Name: {name}-preview-headers
        SecurityHeadersConfig:
          ContentTypeOptions:
            Override: true
{preview_security}
  Caching:
    Type: AWS::CloudFront::CachePolicy
    Properties:
      CachePolicyConfig:
        Name: {name}-caching
        MinTTL: 0
        DefaultTTL: 86400
        MaxTTL: 31536000
        ParametersInCacheKeyAndForwardedToOrigin:
          EnableAcceptEncodingGzip: true
          EnableAcceptEncodingBrotli: true
          CookiesConfig:
            CookieBehavior: none
          HeadersConfig:
            HeaderBehavior: none
          QueryStringsConfig:
            QueryStringBehavior: none
  Access:
    Type: AWS::CloudFront::OriginAccessControl
    Properties:
      OriginAccessControlConfig:
        Name: {name}-access
        OriginAccessControlOriginType: s3
        SigningBehavior: always
        SigningProtocol: sigv4
  Distribution:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Comment: {site}
        HttpVersion: http2and3
        IPV6Enabled: true
        Aliases:
          - {host}
        ViewerCertificate:
          AcmCertificateArn:
            Ref: Certificate
          MinimumProtocolVersion: TLSv1.2_2021
          SslSupportMethod: sni-only
        Origins:
          - Id: bucket
            DomainName:
              Fn::Sub: "${{Bucket}}.s3.${{BucketRegion}}.amazonaws.com"
            OriginPath: {prefix}
            OriginAccessControlId:
              Ref: Access
            S3OriginConfig:
              OriginAccessIdentity: ""
        DefaultCacheBehavior:
{behavior}
        # Previews say of themselves that they are not to be kept, and the caching policy heeds that; search engines are told here.
        CacheBehaviors:
          - PathPattern: {previews}
{preview_behavior}
        # A bucket that may not be listed answers 403 for what is not there.
        CustomErrorResponses:
          - ErrorCode: 403
            ResponseCode: 404
            ResponsePagePath: /404.html
            ErrorCachingMinTTL: 60
          - ErrorCode: 404
            ResponseCode: 404
            ResponsePagePath: /404.html
            ErrorCachingMinTTL: 60
  Reading:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket:
        Ref: Bucket
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              Service: cloudfront.amazonaws.com
            Action: s3:GetObject
            Resource:
              Fn::Sub: "arn:aws:s3:::${{Bucket}}{prefix_in_arn}/*"
            Condition:
              StringEquals:
                AWS:SourceArn:
                  Fn::Sub: "arn:aws:cloudfront::${{AWS::AccountId}}:distribution/${{Distribution}}"
Outputs:
  DistributionId:
    Value:
      Ref: Distribution
  DomainName:
    Description: {host} is a CNAME, or an alias record, of this
    Value:
      Fn::GetAtt: [Distribution, DomainName]
"""


def _write_behavior(headers: str, indent: int) -> str:
    """What a cache does with a request. headers: the policy for its answers."""
    lines = f"""\
TargetOriginId: bucket
ViewerProtocolPolicy: redirect-to-https
Compress: true
CachePolicyId:
  Ref: Caching
ResponseHeadersPolicyId:
  Ref: {headers}
FunctionAssociations:
  - EventType: viewer-request
    FunctionARN:
      Fn::GetAtt: [Function, FunctionARN]"""
    return textwrap.indent(lines, " " * indent)


def write_stack(edge: Edge) -> tuple[str, list[Problem]]:
    """A CloudFormation stack: function, headers, caching, distribution, and the bucket's permission for it."""
    inline = fits_into_function(edge)
    name = "cms-" + re.sub("[^a-z0-9]", "-", edge.name.lower())
    store = f"  Keys:\n    Type: AWS::CloudFront::KeyValueStore\n    Properties:\n      Name: {name}-keys\n"
    association = "        KeyValueStoreAssociations:\n          - KeyValueStoreARN:\n              Fn::GetAtt: [Keys, Arn]\n"
    code = "\n".join(f"        {line}".rstrip() for line in _write_code(edge, inline=inline).splitlines())
    path = f"/{edge.target.prefix}".rstrip("/")
    text = STACK.format(
        site=f"{edge.origin}{edge.base}/", name=name, host=edge.host, bucket=json.dumps(edge.target.bucket), prefix=json.dumps(path), prefix_in_arn=path,
        keys="" if inline else store, association="" if inline else association, code=code, security=_write_headers(edge),
        preview_security=_write_headers(edge, [("X-Robots-Tag", NOINDEX)]), previews=json.dumps(f"{quote_url(edge.base)}/_preview/*"),
        behavior=_write_behavior("Headers", 10), preview_behavior=_write_behavior("PreviewHeaders", 12),
    )  # fmt: skip
    problems = []
    if not inline:
        said = (
            f"{len(list_answers(edge)):,} redirects and removed pages do not fit into the code of a function, so it has a key value store"
        )
        problems.append(
            Problem("target.needs-keys", "", 0, said, "Fill it: cms target config cloudfront --part keys > keys.json", "warning")
        )
    return text, problems


def _write_headers(edge: Edge, more: Sequence[tuple[str, str]] = ()) -> str:
    """Headers of a policy. more: those that CloudFront has no word of its own for."""
    lines: list[str] = []
    custom = list(more)
    headers = edge.target.headers
    if headers.referrer:
        lines += ["ReferrerPolicy:", "  Override: true", f"  ReferrerPolicy: {json.dumps(headers.referrer)}"]
    if edge.secure and (age := re.search(r"max-age=(\d+)", headers.hsts)):
        words = headers.hsts.lower()
        lines += ["StrictTransportSecurity:", "  Override: true", f"  AccessControlMaxAgeSec: {age[1]}"]
        lines += [f"  IncludeSubdomains: {str('includesubdomains' in words).lower()}", f"  Preload: {str('preload' in words).lower()}"]
    if edge.policy and headers.csp == "enforce":
        lines += ["ContentSecurityPolicy:", "  Override: true", f"  ContentSecurityPolicy: {json.dumps(edge.policy)}"]
    elif edge.policy:
        custom.append((edge.policy_header, edge.policy))
    items = []
    for header, value in custom:
        items += [f"    - Header: {header}", f"      Value: {json.dumps(value)}", "      Override: true"]
    if items:
        items = ["CustomHeadersConfig:", "  Items:", *items]
    return "\n".join([*(f"          {line}" for line in lines), *(f"        {line}" for line in items)])
