using System.Net;
using Amazon.S3.Model;
using Amazon.S3.Transfer;

namespace Becket.Tests.DevS3;

public class MultipartTests : DevS3Test
{
    [Fact]
    public async Task Parts_in_any_order_become_one_object()
    {
        byte[][] contents = [Pattern(1000, 1), Pattern(2000, 2), Pattern(1, 3)];
        string upload = await StartAsync("big", r => r.Metadata.Add("colour", "green"));
        PartETag[] etags = new PartETag[3];
        foreach (int i in (int[])[2, 0, 1])
            etags[i] = await UploadAsync("big", upload, i + 1, contents[i]);
        CompleteMultipartUploadResponse completed = await CompleteAsync("big", upload, etags);

        byte[] md5s = [.. contents.SelectMany(Md5)];
        Assert.Equal($"\"{Convert.ToHexStringLower(Md5(md5s))}-3\"", completed.ETag);
        using GetObjectResponse got = await S3.GetObjectAsync(Bucket, "big", Cancellation);
        byte[] whole = [.. contents.SelectMany(c => c)];
        Assert.Equal(whole, await ReadAsync(got.ResponseStream));
        Assert.Equal("green", got.Metadata["colour"]);
        Assert.Equal(completed.ETag, got.ETag);
        await FailsAsync(HttpStatusCode.NotFound, "NoSuchUpload", () => CompleteAsync("big", upload, etags));
    }

    [Fact]
    public async Task A_part_can_be_a_range_of_another_object()
    {
        byte[] source = Pattern(5000);
        await PutAsync("source +ü", source);
        string upload = await StartAsync("big");
        CopyPartResponse first = await CopyPartAsync(upload, 1, 100, 3099);
        PartETag second = await UploadAsync("big", upload, 2, [1, 2, 3]);
        await CompleteAsync("big", upload, [new PartETag(1, first.ETag), second]);
        Assert.Equal([.. source[100..3100], 1, 2, 3], await GetAsync("big"));
    }

    [Fact]
    public async Task A_range_of_a_copied_part_is_never_clipped()
    {
        await PutAsync("source +ü", Pattern(5000));
        string upload = await StartAsync("big");
        await FailsAsync(HttpStatusCode.RequestedRangeNotSatisfiable, "InvalidRange", () => CopyPartAsync(upload, 1, 4000, 5000));
    }

    [Fact]
    public async Task A_wrong_list_of_parts_completes_nothing()
    {
        string upload = await StartAsync("big");
        PartETag one = await UploadAsync("big", upload, 1, [1]);
        PartETag two = await UploadAsync("big", upload, 2, [2]);
        await FailsAsync(HttpStatusCode.BadRequest, "InvalidPart", () => CompleteAsync("big", upload, [one, new PartETag(2, one.ETag)]));
        await FailsAsync(
            HttpStatusCode.BadRequest, "InvalidPart", () => CompleteAsync("big", upload, [one, two, new PartETag(3, one.ETag)]));
        await FailsAsync(HttpStatusCode.NotFound, "NoSuchKey", () => GetAsync("big"));
        await CompleteAsync("big", upload, [one, two]);
        Assert.Equal([1, 2], await GetAsync("big"));
    }

    [Fact]
    public async Task An_aborted_upload_leaves_nothing_behind()
    {
        string upload = await StartAsync("big");
        PartETag part = await UploadAsync("big", upload, 1, Pattern(100_000));
        Assert.Contains(Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories), f => new FileInfo(f).Length == 100_000);
        await S3.AbortMultipartUploadAsync(Bucket, "big", upload, Cancellation);
        Assert.DoesNotContain(Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories), f => new FileInfo(f).Length == 100_000);
        await FailsAsync(HttpStatusCode.NotFound, "NoSuchUpload", () => CompleteAsync("big", upload, [part]));
        await FailsAsync(HttpStatusCode.NotFound, "NoSuchUpload", () => UploadAsync("big", upload, 2, [1]));
    }

    [Fact]
    public async Task Uploads_and_their_parts_are_listed()
    {
        string upload = await StartAsync("big");
        await UploadAsync("big", upload, 1, Pattern(10, 1));
        await UploadAsync("big", upload, 7, Pattern(20, 2));
        await UploadAsync("big", upload, 7, Pattern(30, 3)); // replaces
        ListMultipartUploadsResponse uploads = await S3.ListMultipartUploadsAsync(Bucket, Cancellation);
        Assert.Equal(("big", upload), (Assert.Single(uploads.MultipartUploads).Key, uploads.MultipartUploads[0].UploadId));
        ListPartsResponse parts = await S3.ListPartsAsync(Bucket, "big", upload, Cancellation);
        Assert.Equal([(1, 10L), (7, 30L)], parts.Parts.Select(p => (p.PartNumber!.Value, p.Size!.Value)));
    }

    [Fact]
    public async Task An_upload_is_completed_only_if_its_condition_holds()
    {
        string upload = await StartAsync("big");
        PartETag part = await UploadAsync("big", upload, 1, [1]);
        await PutAsync("big", [9]);
        await FailsAsync(HttpStatusCode.PreconditionFailed, "PreconditionFailed",
            () => CompleteAsync("big", upload, [part], r => r.IfNoneMatch = "*"));
        Assert.Equal([9], await GetAsync("big"));
    }

    [Fact]
    public async Task A_part_of_an_object_is_answered_with_its_place_and_the_number_of_parts()
    {
        string upload = await StartAsync("big");
        PartETag first = await UploadAsync("big", upload, 1, Pattern(10, 1));
        PartETag second = await UploadAsync("big", upload, 7, Pattern(20, 2));
        await CompleteAsync("big", upload, [first, second]);
        GetObjectMetadataResponse head = await S3.GetObjectMetadataAsync(
            new GetObjectMetadataRequest { BucketName = Bucket, Key = "big", PartNumber = 2 }, Cancellation);
        Assert.Equal((20L, 2), (head.ContentLength, head.PartsCount));
        using GetObjectResponse got = await S3.GetObjectAsync(
            new GetObjectRequest { BucketName = Bucket, Key = "big", PartNumber = 2 }, Cancellation);
        Assert.Equal(Pattern(20, 2), await ReadAsync(got.ResponseStream));
        Assert.Equal("bytes 10-29/30", got.ContentRange);
    }

    [Fact]
    public async Task The_transfer_utility_uploads_in_parallel_parts()
    {
        byte[] content = Pattern(12 << 20);
        using var transfer = new TransferUtility(S3, new TransferUtilityConfig { MinSizeBeforePartUpload = 5 << 20 });
        await transfer.UploadAsync(new TransferUtilityUploadRequest
        {
            BucketName = Bucket,
            Key = "big",
            InputStream = new MemoryStream(content),
            PartSize = 5 << 20,
        }, Cancellation);
        byte[] got = await GetAsync("big");
        Assert.True(content.AsSpan().SequenceEqual(got));
        Assert.EndsWith("-3\"", (await S3.GetObjectMetadataAsync(Bucket, "big", Cancellation)).ETag, StringComparison.Ordinal);
    }

    private async Task<string> StartAsync(string key, Action<InitiateMultipartUploadRequest>? configure = null)
    {
        var request = new InitiateMultipartUploadRequest { BucketName = Bucket, Key = key };
        configure?.Invoke(request);
        return (await S3.InitiateMultipartUploadAsync(request, Cancellation)).UploadId;
    }

    private async Task<PartETag> UploadAsync(string key, string upload, int number, byte[] content)
    {
        UploadPartResponse response = await S3.UploadPartAsync(new UploadPartRequest
        {
            BucketName = Bucket,
            Key = key,
            UploadId = upload,
            PartNumber = number,
            InputStream = new MemoryStream(content),
        }, Cancellation);
        return new PartETag(number, response.ETag);
    }

    private Task<CopyPartResponse> CopyPartAsync(string upload, int number, long first, long last) => S3.CopyPartAsync(new CopyPartRequest
    {
        SourceBucket = Bucket,
        SourceKey = "source +ü",
        DestinationBucket = Bucket,
        DestinationKey = "big",
        UploadId = upload,
        PartNumber = number,
        FirstByte = first,
        LastByte = last,
    }, Cancellation);

    private Task<CompleteMultipartUploadResponse> CompleteAsync(
        string key, string upload, IEnumerable<PartETag> parts, Action<CompleteMultipartUploadRequest>? configure = null)
    {
        var request = new CompleteMultipartUploadRequest { BucketName = Bucket, Key = key, UploadId = upload, PartETags = [.. parts] };
        configure?.Invoke(request);
        return S3.CompleteMultipartUploadAsync(request, Cancellation);
    }
}
