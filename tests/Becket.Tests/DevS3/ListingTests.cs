using System.Text;
using Amazon.S3.Model;
using Becket.DevS3.Storage;
using CsCheck;

namespace Becket.Tests.DevS3;

public class ListingTests : DevS3Test
{
    [Fact]
    public async Task Keys_come_in_the_order_of_their_bytes_page_by_page()
    {
        string[] keys = ["a/b", "a.txt", "a-b", "b", "Z", "a/c/d", "é", "\uFFFD", "😀", "a0", "a//x", "b c+d"];
        foreach (string key in keys)
            await PutAsync(key, Encoding.UTF8.GetBytes(key));
        string[] expected = [.. keys.OrderBy(k => Convert.ToHexString(Encoding.UTF8.GetBytes(k)), StringComparer.Ordinal)];
        Assert.Equal(expected, await ListAllAsync(pageSize: 1000));
        Assert.Equal(expected, await ListAllAsync(pageSize: 3));
        Assert.Equal(expected, await ListAllAsync(pageSize: 1));
    }

    [Fact]
    public async Task A_delimiter_rolls_keys_up_and_start_after_skips()
    {
        foreach (string key in (string[])["photos/2025/a", "photos/2026/b", "photos/c", "zoo", "aaa"])
            await PutAsync(key, [1, 2]);
        ListObjectsV2Response root = await ListAsync(r => r.Delimiter = "/");
        Assert.Equal(["aaa", "zoo"], root.S3Objects.Select(o => o.Key), StringComparer.Ordinal);
        Assert.Equal(["photos/"], root.CommonPrefixes);
        ListObjectsV2Response photos = await ListAsync(r => (r.Delimiter, r.Prefix) = ("/", "photos/"));
        Assert.Equal(["photos/c"], photos.S3Objects.Select(o => o.Key), StringComparer.Ordinal);
        Assert.Equal(["photos/2025/", "photos/2026/"], photos.CommonPrefixes);
        ListObjectsV2Response late = await ListAsync(r => r.StartAfter = "photos/2026/b");
        Assert.Equal(["photos/c", "zoo"], late.S3Objects.Select(o => o.Key), StringComparer.Ordinal);
        S3Object zoo = late.S3Objects[^1];
        Assert.Equal((2L, (await S3.GetObjectMetadataAsync(Bucket, "zoo", Cancellation)).ETag), (zoo.Size!.Value, zoo.ETag));
    }

    [Fact]
    public async Task The_first_version_of_listing_pages_with_markers()
    {
        foreach (string key in (string[])["a/1", "a/2", "b/1", "c"])
            await PutAsync(key, [1]);
        var seen = new List<string>();
        var request = new ListObjectsRequest { BucketName = Bucket, Delimiter = "/", MaxKeys = 1 };
        ListObjectsResponse page;
        do
        {
            page = await S3.ListObjectsAsync(request, Cancellation);
            seen.AddRange([.. page.CommonPrefixes ?? [], .. (page.S3Objects ?? []).Select(o => o.Key)]);
            request.Marker = page.NextMarker;
        }
        while (page.IsTruncated == true);
        Assert.Equal(["a/", "b/", "c"], seen);
    }

    [Fact]
    public async Task Buckets_are_made_found_and_deleted_when_they_are_empty()
    {
        await S3.PutBucketAsync("made-here", Cancellation);
        Assert.Equal(
            [Bucket, "made-here"], (await S3.ListBucketsAsync(Cancellation)).Buckets.Select(b => b.BucketName), StringComparer.Ordinal);
        await FailsAsync(System.Net.HttpStatusCode.Conflict, "BucketAlreadyOwnedByYou", () => S3.PutBucketAsync("made-here", Cancellation));
        await S3.HeadBucketAsync(new HeadBucketRequest { BucketName = "made-here" }, Cancellation);
        await S3.GetBucketLocationAsync("made-here", Cancellation);

        await PutAsync("x", [1]);
        await FailsAsync(System.Net.HttpStatusCode.Conflict, "BucketNotEmpty", () => S3.DeleteBucketAsync(Bucket, Cancellation));
        await S3.DeleteBucketAsync("made-here", Cancellation);
        await FailsAsync(System.Net.HttpStatusCode.NotFound, "NoSuchBucket", () => S3.DeleteBucketAsync("made-here", Cancellation));
        Assert.Equal([1], await GetAsync("x"));
    }

    [Fact]
    public void A_page_holds_what_a_naive_listing_holds()
    {
        Gen<string> key = Gen.Int[0, 4].Select(i => new[] { "a", "b", "/", "é", "😀" }[i]).Array[1, 5].Select(string.Concat);
        Gen<string> delimiters = Gen.Int[0, 2].Select(i => new[] { "", "/", "b" }[i]);
        Gen.Select(key.Array[0, 20], key.Array[0, 1].Select(string.Concat), delimiters, Gen.Int[1, 4])
            .Sample((keys, prefix, delimiter, pageSize) =>
        {
            string[] sorted = [.. keys.Distinct(StringComparer.Ordinal).Order(Utf8Order.Instance)];
            var expected = sorted
                .Where(k => k.StartsWith(prefix, StringComparison.Ordinal)).Select(RollUp).Distinct(StringComparer.Ordinal).ToList();

            var seen = new List<string>();
            ListPosition? from = default(ListPosition);
            while (from is { } position)
            {
                var query = new ListQuery { Prefix = prefix, Delimiter = delimiter, MaximumItems = pageSize, From = position };
                ListPage page = ListPage.From(sorted, query);
                seen.AddRange(page.Keys.Concat(page.CommonPrefixes).Order(Utf8Order.Instance));
                from = page.Next;
                if (from is { } next)
                {
                    Assert.Equal(pageSize, page.Keys.Count + page.CommonPrefixes.Count);
                    Assert.True(ListPosition.TryParseToken(next.ToToken(), out ListPosition parsed));
                    Assert.Equal(next, parsed);
                }
            }
            Assert.Equal(expected, seen);

            string RollUp(string key)
            {
                int end = delimiter.Length == 0 ? -1 : key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
                return end < 0 ? key : key[..(end + delimiter.Length)];
            }
        });
    }

    private async Task<string[]> ListAllAsync(int pageSize)
    {
        var keys = new List<string>();
        string? token = null;
        do
        {
            ListObjectsV2Response page = await ListAsync(r => (r.MaxKeys, r.ContinuationToken) = (pageSize, token));
            Assert.True(page.S3Objects.Count <= pageSize);
            keys.AddRange(page.S3Objects.Select(o => Uri.UnescapeDataString(o.Key))); // the SDK leaves that to us
            token = page.NextContinuationToken;
        }
        while (token is not null);
        return [.. keys];
    }

    private Task<ListObjectsV2Response> ListAsync(Action<ListObjectsV2Request> configure)
    {
        var request = new ListObjectsV2Request { BucketName = Bucket, Encoding = Amazon.S3.EncodingType.Url };
        configure(request);
        return S3.ListObjectsV2Async(request, Cancellation);
    }
}
