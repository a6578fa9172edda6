using Becket.DevS3;

namespace Becket.Tests.DevS3;

public class ServerTests : DevS3Test
{
    [Fact]
    public async Task Keys_are_made_up_when_none_are_given()
    {
        Assert.NotEmpty(Server.AccessKey);
        Assert.Equal(40, Server.SecretKey.Length);
        Assert.Equal("127.0.0.1", Server.Endpoint.Host);
        Assert.Equal([Bucket], (await S3.ListBucketsAsync(Cancellation)).Buckets.Select(b => b.BucketName), StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_folder_is_served_by_one_server_at_a_time()
    {
        var exception = await Assert.ThrowsAsync<IOException>(() => DevS3Server.StartAsync(Options, Cancellation));
        Assert.Contains("already served", exception.Message, StringComparison.Ordinal);
        await Server.StopAsync(Cancellation);
        await using DevS3Server next = await DevS3Server.StartAsync(Options, Cancellation);
    }

    [Fact]
    public async Task What_was_put_outlives_the_server()
    {
        string etag = (await PutAsync("x", [1, 2], r => r.Metadata.Add("colour", "green"))).ETag;
        await Server.DisposeAsync();
        await using DevS3Server next = await DevS3Server.StartAsync(
            Options with { Port = Server.Endpoint.Port, AccessKey = Server.AccessKey, SecretKey = Server.SecretKey }, Cancellation);
        var head = await S3.GetObjectMetadataAsync(Bucket, "x", Cancellation);
        Assert.Equal((etag, "green"), (head.ETag, head.Metadata["colour"]));
    }

    [Fact]
    public async Task A_port_that_is_taken_and_a_folder_that_is_not_there_are_errors()
    {
        string other = Directory.CreateDirectory(Path.Combine(Folder, "other")).FullName;
        await Assert.ThrowsAnyAsync<IOException>(
            () => DevS3Server.StartAsync(new DevS3Options { Folder = other, Port = Server.Endpoint.Port }, Cancellation));
        await Assert.ThrowsAsync<DirectoryNotFoundException>(
            () => DevS3Server.StartAsync(new DevS3Options { Folder = Path.Combine(Folder, "none") }, Cancellation));
    }
}
