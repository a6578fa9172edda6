using System.Net;
using System.Net.Sockets;
using System.Text;
using Amazon.S3.Model;
using Becket.DevS3;
using Becket.DevS3.Storage;
using CsCheck;

namespace Becket.Tests.DevS3;

public class KeyTests : DevS3Test
{
    protected override DevS3Options Options => base.Options with { AllowAnonymousReads = true };

    [Theory]
    [InlineData("with space")]
    [InlineData("plus+plus")]
    [InlineData("percent%20escaped%2Fslash")]
    [InlineData("ünïcödé/日本/😀")]
    [InlineData("a//b")]
    [InlineData("ends/with/slash/")]
    [InlineData("punctuation!'()*,;:@&=$#?[]{}|\\^~`\"<>")]
    [InlineData(".hidden")]
    [InlineData("%=")]
    [InlineData("tab\tand\u0001control")]
    public async Task A_weird_key_is_kept_and_listed_as_it_is(string key)
    {
        byte[] content = Encoding.UTF8.GetBytes(key);
        await PutAsync(key, content);
        Assert.Equal(content, await GetAsync(key));
        Assert.Equal(content.Length, (await S3.GetObjectMetadataAsync(Bucket, key, Cancellation)).ContentLength);
        ListObjectsV2Response listed = await S3.ListObjectsV2Async(
            new ListObjectsV2Request { BucketName = Bucket, Encoding = Amazon.S3.EncodingType.Url }, Cancellation);
        Assert.Equal(key, Uri.UnescapeDataString(Assert.Single(listed.S3Objects).Key));
        await S3.DeleteObjectAsync(Bucket, key, Cancellation);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(Folder, Bucket)));
    }

    [Fact]
    public async Task Keys_that_differ_only_in_their_slashes_are_different_objects()
    {
        await PutAsync("a/b", [1]);
        await PutAsync("a//b", [2]);
        Assert.Equal([1], await GetAsync("a/b"));
        Assert.Equal([2], await GetAsync("a//b"));
    }

    [Fact]
    public async Task A_key_that_no_file_can_have_is_refused_clearly()
    {
        await PutAsync("a", [1]);
        await FailsAsync(HttpStatusCode.BadRequest, "InvalidArgument", () => PutAsync("a/b", [1]));
        await PutAsync("c/d", [1]);
        await FailsAsync(HttpStatusCode.BadRequest, "InvalidArgument", () => PutAsync("c", [1]));
        await FailsAsync(HttpStatusCode.BadRequest, "KeyTooLongError", () => PutAsync(new string('x', 256), [1]));
        await FailsAsync(
            HttpStatusCode.BadRequest,
            "KeyTooLongError",
            () => PutAsync(string.Join('/', Enumerable.Repeat(new string('x', 200), 6)), [1]));
        Assert.Equal([1], await GetAsync("a"));
        Assert.Equal([1], await GetAsync("c/d"));
    }

    [Theory]
    [InlineData("/isos/../secret")]
    [InlineData("/isos/../../secret")]
    [InlineData("/isos/%2e%2e/%2E%2e/secret")]
    [InlineData("/isos/..%2f..%2fsecret")]
    [InlineData("/isos/%2e%2e%2f%2e%2e%2fsecret")]
    [InlineData("/isos//../../secret")]
    [InlineData("/isos/./../../secret")]
    [InlineData("/../secret")]
    [InlineData("/%2e%2e/secret")]
    [InlineData("/..%2fsecret")]
    [InlineData("/.becket-dev-s3/lock")]
    [InlineData("//secret")]
    public async Task No_path_leads_out_of_the_buckets(string target)
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "..", "secret"), "top secret", Cancellation);
        await File.WriteAllTextAsync(Path.Combine(Folder, "secret"), "top secret", Cancellation);
        string answer = await SendRawAsync($"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Assert.DoesNotContain("top secret", answer, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/../planted")]
    [InlineData("/%2E%2E/planted")]
    [InlineData("/..%2Fplanted")]
    [InlineData("/.becket-dev-s3/planted")]
    [InlineData("//planted")]
    public async Task Nothing_is_put_outside_of_the_buckets(string target)
    {
        // The canonical form of a target has its unreserved characters bare and its slashes too.
        using HttpRequestMessage request = TestSignature.Sign(HttpMethod.Put, Server.Endpoint,
            target.Replace("%2E", ".", StringComparison.Ordinal).Replace("%2F", "/", StringComparison.Ordinal),
            Server.AccessKey, Server.SecretKey, ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"));
        request.RequestUri = new Uri(
            $"http://{Server.Endpoint.Authority}{target}",
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        request.Content = new ByteArrayContent([1]);
        using HttpResponseMessage response = await Http.SendAsync(request, Cancellation);
        Assert.Contains("<Code>NoSuchBucket</Code>", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Folder, ".."), "planted", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("/isos/../../planted")]
    [InlineData("/isos/./planted")]
    public async Task A_key_of_dots_is_a_key_and_stays_inside(string target)
    {
        using HttpRequestMessage put = TestSignature.Sign(HttpMethod.Put, Server.Endpoint, target,
            Server.AccessKey, Server.SecretKey, ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"));
        put.Content = new ByteArrayContent([1]);
        using HttpResponseMessage response = await Http.SendAsync(put, Cancellation);
        Assert.True(response.IsSuccessStatusCode);
        string file = Assert.Single(Directory.EnumerateFiles(Path.Combine(Folder, ".."), "planted", SearchOption.AllDirectories));
        Assert.StartsWith(Path.Combine(Folder, "..", "served", Bucket), file, StringComparison.Ordinal);
        ListObjectsV2Response listed = await S3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = Bucket }, Cancellation);
        Assert.Equal(target["/isos/".Length..], Assert.Single(listed.S3Objects).Key);
    }

    [Fact]
    public void The_mapping_of_keys_to_files_is_one_to_one() =>
        Gen.Int[0, 8].Select(i => new[] { "", ".", "..", "%=", "%=.", "%=%=", "a", "...", "%=a" }[i]).Array[1, 4].Sample(segments =>
        {
            string key = string.Join('/', segments);
            string path = KeyPath.FromKey(key);
            Assert.DoesNotContain(path.Split('/'), name => name is "" or "." or "..");
            Assert.Equal(key, string.Join('/', path.Split('/').Select(KeyPath.SegmentOf)));
        });

    private async Task<string> SendRawAsync(string request)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(Server.Endpoint.Host, Server.Endpoint.Port, Cancellation);
        await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), Cancellation);
        return Encoding.UTF8.GetString(await ReadAsync(tcp.GetStream()));
    }
}
