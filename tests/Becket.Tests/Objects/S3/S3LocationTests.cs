using Becket.Objects;
using Becket.Objects.S3;

namespace Becket.Tests.Objects.S3;

public class S3LocationTests
{
    [Theory]
    [InlineData("bucket", "us-east-1", "https://bucket.s3.us-east-1.amazonaws.com/a%20b")]
    [InlineData("bucket", "cn-north-1", "https://bucket.s3.cn-north-1.amazonaws.com.cn/a%20b")]
    [InlineData("bucket", "eu-next-9", "https://bucket.s3.eu-next-9.amazonaws.com/a%20b")]
    [InlineData("with.dots", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/with.dots/a%20b")]
    [InlineData("Upper_Case", "us-east-1", "https://s3.us-east-1.amazonaws.com/Upper_Case/a%20b")]
    public void Without_an_endpoint_the_bucket_is_on_aws(string bucket, string region, string url) =>
        Assert.Equal(url, Resolve(bucket, endpoint: null, region: region).Object("a b", null).Uri.ToString());

    [Theory]
    [InlineData("http://rgw:7480", S3Addressing.Auto, "http://rgw:7480/bucket/k", "rgw:7480")]
    [InlineData("https://host/", S3Addressing.Auto, "https://host/bucket/k", "host")]
    [InlineData("https://host:443", S3Addressing.Auto, "https://host/bucket/k", "host")]
    [InlineData("https://host:9000/s3/v1/", S3Addressing.Path, "https://host:9000/s3/v1/bucket/k", "host:9000")]
    [InlineData("https://host:9000/s3", S3Addressing.VirtualHost, "https://bucket.host:9000/s3/k", "bucket.host:9000")]
    [InlineData("http://[::1]:7480", S3Addressing.Auto, "http://[::1]:7480/bucket/k", "[::1]:7480")]
    [InlineData("http://127.0.0.1", S3Addressing.Auto, "http://127.0.0.1/bucket/k", "127.0.0.1")]
    public void An_endpoint_keeps_its_port_and_path(string endpoint, S3Addressing addressing, string url, string host)
    {
        var location = Resolve("bucket", endpoint, addressing);
        var resource = location.Object("k", null);

        Assert.Equal(url, resource.Uri.ToString());
        Assert.Equal(host, location.Host);
        Assert.Equal(resource.Uri.PathAndQuery, resource.Path);
    }

    [Theory]
    [InlineData("../x", "/bucket/../x")]
    [InlineData("/lead//double/./dot", "/bucket//lead//double/./dot")]
    [InlineData("%2e%2e", "/bucket/%252e%252e")]
    [InlineData("a\\b", "/bucket/a%5Cb")]
    public void No_key_is_normalised_on_its_way_into_the_url(string key, string path)
    {
        var resource = Resolve("bucket", "http://rgw").Object(key, null);

        Assert.Equal(path, resource.Path);
        Assert.Equal(path, resource.Uri.PathAndQuery);
    }

    [Fact]
    public void A_version_is_the_query()
    {
        var resource = Resolve("bucket", "http://rgw").Object("k", "a/b+c=");

        Assert.Equal("versionId=a%2Fb%2Bc%3D", resource.Query);
        Assert.Equal("/bucket/k?versionId=a%2Fb%2Bc%3D", resource.Uri.PathAndQuery);
    }

    [Fact]
    public void The_address_that_is_kept_belongs_to_its_key_and_version_only()
    {
        var location = Resolve("bucket", "http://rgw");
        var first = location.Object("k", null);

        Assert.Same(first, location.Object("k", null));
        Assert.Equal("/bucket/k?versionId=v", location.Object("k", "v").Uri.PathAndQuery);
        Assert.Equal("/bucket/l", location.Object("l", null).Uri.PathAndQuery);
        Assert.Equal("/bucket/k", location.Object("k", null).Uri.PathAndQuery);
    }

    [Theory]
    [InlineData("http://rgw", "/bucket?list-type=2")]
    [InlineData("http://rgw/prefix", "/prefix/bucket?list-type=2")]
    public void The_bucket_itself_has_an_address(string endpoint, string path) =>
        Assert.Equal(path, Resolve("bucket", endpoint).Bucket("list-type=2").Uri.PathAndQuery);

    [Fact]
    public void The_root_of_a_virtual_host_is_a_slash() =>
        Assert.Equal("/?list-type=2", Resolve("bucket", endpoint: null).Bucket("list-type=2").Uri.PathAndQuery);

    [Theory]
    [InlineData("buc/ket", null, S3Addressing.Auto, "us-east-1", "bucket's name")]
    [InlineData("bucket", "ftp://host", S3Addressing.Auto, "us-east-1", "http or https")]
    [InlineData("bucket", "http://host/?x=1", S3Addressing.Auto, "us-east-1", "plain http or https URL")]
    [InlineData("bucket", "http://user:word@host", S3Addressing.Auto, "us-east-1", "plain http or https URL")]
    [InlineData("bucket", "http://127.0.0.1:80", S3Addressing.VirtualHost, "us-east-1", "--s3-addressing path")]
    [InlineData("under_score", "http://host", S3Addressing.VirtualHost, "us-east-1", "--s3-addressing path")]
    [InlineData("bucket", null, S3Addressing.Auto, "evil.example/#", "region")]
    [InlineData("bucket", null, S3Addressing.Auto, "evil.example", "not a region of AWS")]
    public void Options_that_do_not_fit_together_are_refused(
        string bucket, string? endpoint, S3Addressing addressing, string region, string reason)
    {
        var e = Assert.Throws<ObjectStoreException>(() => Resolve(bucket, endpoint, addressing, region));

        Assert.Equal(ObjectStoreError.Invalid, e.Error);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("word", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://rgw:7480", false)]
    [InlineData("https://rgw:7480", true)]
    [InlineData("http://127.0.0.1:7480", true)]
    [InlineData("http://localhost", true)]
    public void A_customer_key_travels_over_https_or_within_this_machine(string endpoint, bool allowed)
    {
        var options = new S3Options { Bucket = "bucket", EndpointUrl = new Uri(endpoint), CustomerKey = new S3CustomerKey(new byte[32]) };

        var e = Record.Exception(() => S3Location.Resolve(options, "us-east-1"));

        Assert.Equal(allowed, e is null);
    }

    [Theory]
    [InlineData("bucket", true)]
    [InlineData("b-1.c2", true)]
    [InlineData("bu", false)]
    [InlineData("Bucket", false)]
    [InlineData("-bucket", false)]
    [InlineData("bucket-", false)]
    [InlineData("a..b", false)]
    [InlineData("a.-b", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("with_underscore", false)]
    public void Names_that_fit_in_dns_are_told_from_those_that_do_not(string name, bool fits) =>
        Assert.Equal(fits, S3BucketName.IsDnsCompatible(name));

    private static S3Location Resolve(
        string bucket, string? endpoint, S3Addressing addressing = S3Addressing.Auto, string region = S3Location.DefaultRegion) =>
        S3Location.Resolve(
            new S3Options { Bucket = bucket, EndpointUrl = endpoint is null ? null : new Uri(endpoint), Addressing = addressing }, region);
}
