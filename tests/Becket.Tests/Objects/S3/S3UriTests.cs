using Becket.Objects.S3;

namespace Becket.Tests.Objects.S3;

public class S3UriTests
{
    [Theory]
    [InlineData("s3://bucket/key", "bucket", "key", null)]
    [InlineData("S3://my.bucket-1/a/b/c.img", "my.bucket-1", "a/b/c.img", null)]
    [InlineData("s3://bucket/with%20percent and blank+plus", "bucket", "with%20percent and blank+plus", null)]
    [InlineData("s3://bucket//leading/../x/", "bucket", "/leading/../x/", null)]
    [InlineData("s3://bucket/what?is=this#thing", "bucket", "what?is=this#thing", null)]
    [InlineData("s3://bucket/key?versionId=3HL4kqtJvjVBH40Nrjfkd", "bucket", "key", "3HL4kqtJvjVBH40Nrjfkd")]
    [InlineData("s3://bucket/key?versionId=null", "bucket", "key", "null")]
    [InlineData("s3://bucket/a?versionId=1?versionId=2", "bucket", "a?versionId=1", "2")]
    [InlineData("s3://tenant:bucket/key", "tenant:bucket", "key", null)]
    [InlineData("s3://Old_Bucket/key", "Old_Bucket", "key", null)]
    public void An_address_is_a_bucket_and_a_literal_key(string text, string bucket, string key, string? versionId) =>
        Assert.Equal(new S3Uri(bucket, key, versionId), S3Uri.Parse(text));

    [Theory]
    [InlineData("s3://bucket/a b?versionId=v")]
    [InlineData("s3://bucket//x")]
    public void An_address_prints_as_it_was_written(string text) => Assert.Equal(text, S3Uri.Parse(text).ToString());

    [Theory]
    [InlineData("bucket/key", "not an S3 address")]
    [InlineData("https://bucket/key", "not an S3 address")]
    [InlineData("s3://", "names no bucket")]
    [InlineData("s3:///key", "names no bucket")]
    [InlineData("s3://bucket", "names a bucket but no object")]
    [InlineData("s3://bucket/", "write s3://bucket/KEY")]
    [InlineData("s3://bucket/?versionId=1", "no object")]
    [InlineData("s3://bucket/key?versionId=", "names no version")]
    [InlineData("s3://buc ket/key", "'buc ket'")]
    [InlineData("s3://../key", "cannot be a bucket's name")]
    [InlineData("s3://arn:aws:s3:us-east-1:123456789012:accesspoint/x", "ARN")]
    public void What_is_no_address_is_refused_with_the_reason(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => S3Uri.Parse(text)).Message, StringComparison.Ordinal);
}
