using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace Becket.Tests.DevS3;

public class ConditionTests : DevS3Test
{
    [Theory]
    [InlineData("If-Match", "{etag}", 200)]
    [InlineData("If-Match", "{bare}", 200)]
    [InlineData("If-Match", "\"x\", {etag}", 200)]
    [InlineData("If-Match", "*", 200)]
    [InlineData("If-Match", "\"x\"", 412)]
    [InlineData("If-None-Match", "{etag}", 304)]
    [InlineData("If-None-Match", "*", 304)]
    [InlineData("If-None-Match", "\"x\"", 200)]
    [InlineData("If-Modified-Since", "{now}", 304)]
    [InlineData("If-Modified-Since", "{before}", 200)]
    [InlineData("If-Unmodified-Since", "{now}", 200)]
    [InlineData("If-Unmodified-Since", "{before}", 412)]
    public async Task A_condition_on_a_read_decides_its_status(string header, string value, int status)
    {
        await PutAsync("x", [1, 2, 3]);
        GetObjectMetadataResponse head = await S3.GetObjectMetadataAsync(Bucket, "x", Cancellation);
        DateTimeOffset modified = new(head.LastModified!.Value.ToUniversalTime());
        value = value.Replace("{etag}", head.ETag, StringComparison.Ordinal)
            .Replace("{bare}", head.ETag.Trim('"'), StringComparison.Ordinal)
            .Replace("{now}", modified.ToString("r"), StringComparison.Ordinal)
            .Replace("{before}", modified.AddSeconds(-1).ToString("r"), StringComparison.Ordinal);

        using var request = new HttpRequestMessage(HttpMethod.Get, await PresignAsync("x"));
        request.Headers.TryAddWithoutValidation(header, value);
        using HttpResponseMessage response = await Http.SendAsync(request, Cancellation);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_read_of_a_replaced_object_by_its_old_ETag_fails()
    {
        string old = (await PutAsync("x", [1])).ETag;
        await PutAsync("x", [2]);
        await FailsAsync(HttpStatusCode.PreconditionFailed, "PreconditionFailed",
            () => S3.GetObjectAsync(new GetObjectRequest { BucketName = Bucket, Key = "x", EtagToMatch = old }, Cancellation));
    }

    [Fact]
    public async Task If_None_Match_lets_only_the_first_put_through()
    {
        await PutAsync("x", [1], r => r.IfNoneMatch = "*");
        await FailsAsync(HttpStatusCode.PreconditionFailed, "PreconditionFailed", () => PutAsync("x", [2], r => r.IfNoneMatch = "*"));
        Assert.Equal([1], await GetAsync("x"));
    }

    [Fact]
    public async Task If_Match_lets_only_puts_over_that_version_through()
    {
        await FailsAsync(HttpStatusCode.NotFound, "NoSuchKey", () => PutAsync("x", [0], r => r.IfMatch = "\"any\""));
        string first = (await PutAsync("x", [1])).ETag;
        await PutAsync("x", [2], r => r.IfMatch = first);
        await FailsAsync(HttpStatusCode.PreconditionFailed, "PreconditionFailed", () => PutAsync("x", [3], r => r.IfMatch = first));
        Assert.Equal([2], await GetAsync("x"));
    }

    [Fact]
    public async Task Of_racing_puts_with_If_None_Match_exactly_one_wins()
    {
        for (int round = 0; round < 20; round++)
        {
            string key = $"race/{round}";
            bool[] won = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => TryPutAsync(key, (byte)i, r => r.IfNoneMatch = "*")));
            Assert.Single(won, true);
            Assert.Equal([(byte)Array.IndexOf(won, true)], await GetAsync(key));
        }
    }

    [Fact]
    public async Task Of_racing_puts_with_If_Match_exactly_one_wins()
    {
        string etag = (await PutAsync("x", [100])).ETag;
        for (int round = 0; round < 10; round++)
        {
            bool[] won = await Task.WhenAll(
                Enumerable.Range(0, 8).Select(i => TryPutAsync("x", (byte)((round * 8) + i), r => r.IfMatch = etag)));
            Assert.Single(won, true);
            etag = (await S3.GetObjectMetadataAsync(Bucket, "x", Cancellation)).ETag;
        }
    }

    [Fact]
    public async Task A_copy_can_be_bound_to_the_version_of_its_source()
    {
        string etag = (await PutAsync("x", [1])).ETag;
        await S3.CopyObjectAsync(Copy(etag), Cancellation);
        await FailsAsync(
            HttpStatusCode.PreconditionFailed, "PreconditionFailed", () => S3.CopyObjectAsync(Copy("\"another\""), Cancellation));

        CopyObjectRequest Copy(string etag) =>
            new() { SourceBucket = Bucket, SourceKey = "x", DestinationBucket = Bucket, DestinationKey = "y", ETagToMatch = etag };
    }

    private async Task<bool> TryPutAsync(string key, byte content, Action<PutObjectRequest> condition)
    {
        try
        {
            await PutAsync(key, [content], condition);
            return true;
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.PreconditionFailed)
        {
            return false;
        }
    }
}
