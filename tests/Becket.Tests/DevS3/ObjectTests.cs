using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace Becket.Tests.DevS3;

public class ObjectTests : DevS3Test
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3_000_001)]
    public async Task What_was_put_is_what_is_got(int length)
    {
        byte[] content = Pattern(length);
        PutObjectResponse put = await PutAsync("a/b.bin", content, r =>
        {
            r.ContentType = "application/x-iso9660-image";
            r.Headers.CacheControl = "no-store";
            r.Metadata.Add("colour", "green");
        });
        using GetObjectResponse got = await S3.GetObjectAsync(Bucket, "a/b.bin", Cancellation);

        Assert.Equal(content, await ReadAsync(got.ResponseStream));
        Assert.Equal($"\"{Convert.ToHexStringLower(Md5(content))}\"", put.ETag);
        Assert.Equal(put.ETag, got.ETag);
        Assert.Equal("application/x-iso9660-image", got.Headers.ContentType);
        Assert.Equal("no-store", got.Headers.CacheControl);
        Assert.Equal("green", got.Metadata["colour"]);
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(Folder, Bucket, "a/b.bin"), Cancellation));
    }

    [Fact]
    public async Task A_file_placed_by_hand_is_an_object_whose_ETag_is_no_MD5()
    {
        string path = PlaceByHand("disk.img", Pattern(1000));
        GetObjectMetadataResponse before = await S3.GetObjectMetadataAsync(Bucket, "disk.img", Cancellation);
        Assert.Equal(1000, before.ContentLength);
        Assert.Matches("^\"[0-9a-f]{32}-1\"$", before.ETag);
        Assert.Equal(Pattern(1000), await GetAsync("disk.img"));

        await File.WriteAllBytesAsync(path, Pattern(1001), Cancellation);
        Assert.NotEqual(before.ETag, (await S3.GetObjectMetadataAsync(Bucket, "disk.img", Cancellation)).ETag, StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_file_changed_by_hand_loses_what_it_was_put_with()
    {
        PutObjectResponse put = await PutAsync("x", [1, 2, 3], r => r.Metadata.Add("colour", "green"));
        PlaceByHand("x", [4, 5, 6, 7]);
        GetObjectMetadataResponse head = await S3.GetObjectMetadataAsync(Bucket, "x", Cancellation);
        Assert.NotEqual(put.ETag, head.ETag, StringComparer.Ordinal);
        Assert.Empty(head.Metadata.Keys);
        Assert.Equal([4, 5, 6, 7], await GetAsync("x"));
    }

    [Fact]
    public async Task A_missing_key_and_a_missing_bucket_say_which_they_are()
    {
        await FailsAsync(HttpStatusCode.NotFound, "NoSuchKey", () => GetAsync("none"));
        await FailsAsync(HttpStatusCode.NotFound, "NoSuchBucket", () => S3.GetObjectAsync("none-such", "x", Cancellation));
        await FailsAsync(HttpStatusCode.NotFound, "NotFound", () => S3.GetObjectMetadataAsync(Bucket, "none", Cancellation));
        PlaceByHand("folder/file", [1]);
        await FailsAsync(HttpStatusCode.NotFound, "NoSuchKey", () => GetAsync("folder"));
        await FailsAsync(HttpStatusCode.NotFound, "NoSuchKey", () => GetAsync("folder/file/below"));
    }

    [Fact]
    public async Task A_deleted_object_is_gone_and_so_are_the_folders_that_only_it_needed()
    {
        await PutAsync("a/b/c", [1]);
        await PutAsync("a/d", [2]);
        await S3.DeleteObjectAsync(Bucket, "a/b/c", Cancellation);
        await S3.DeleteObjectAsync(Bucket, "a/b/c", Cancellation);
        await FailsAsync(HttpStatusCode.NotFound, "NoSuchKey", () => GetAsync("a/b/c"));
        Assert.False(Directory.Exists(Path.Combine(Folder, Bucket, "a/b")));
        Assert.Equal([2], await GetAsync("a/d"));
    }

    [Fact]
    public async Task Many_are_deleted_in_one_request()
    {
        await PutAsync("one", [1]);
        await PutAsync("two & <three>", [2]);
        await PutAsync("kept", [3]);
        DeleteObjectsResponse deleted = await S3.DeleteObjectsAsync(new DeleteObjectsRequest
        {
            BucketName = Bucket,
            Objects = [new KeyVersion { Key = "one" }, new KeyVersion { Key = "two & <three>" }, new KeyVersion { Key = "none" }],
        }, Cancellation);
        Assert.Equal(3, deleted.DeletedObjects.Count);
        ListObjectsV2Response left = await S3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = Bucket }, Cancellation);
        Assert.Equal("kept", Assert.Single(left.S3Objects).Key);
    }

    [Fact]
    public async Task A_copy_has_the_bytes_and_the_attributes_of_its_source()
    {
        byte[] content = Pattern(70_000);
        PutObjectResponse put = await PutAsync("from here +ü", content, r => r.Metadata.Add("colour", "green"));
        CopyObjectResponse copied = await S3.CopyObjectAsync(Bucket, "from here +ü", Bucket, "to/there", Cancellation);
        Assert.Equal(put.ETag, copied.ETag);
        using GetObjectResponse got = await S3.GetObjectAsync(Bucket, "to/there", Cancellation);
        Assert.Equal(content, await ReadAsync(got.ResponseStream));
        Assert.Equal("green", got.Metadata["colour"]);
    }

    [Fact]
    public async Task A_copy_onto_itself_must_change_something()
    {
        await PutAsync("x", [1]);
        await FailsAsync(HttpStatusCode.BadRequest, "InvalidRequest", () => S3.CopyObjectAsync(Bucket, "x", Bucket, "x", Cancellation));
        var replace = new CopyObjectRequest
        {
            SourceBucket = Bucket,
            SourceKey = "x",
            DestinationBucket = Bucket,
            DestinationKey = "x",
            MetadataDirective = S3MetadataDirective.REPLACE,
        };
        replace.Metadata.Add("colour", "red");
        await S3.CopyObjectAsync(replace, Cancellation);
        Assert.Equal("red", (await S3.GetObjectMetadataAsync(Bucket, "x", Cancellation)).Metadata["colour"]);
    }

    [Fact]
    public async Task An_open_download_stays_one_version_while_the_object_is_replaced()
    {
        byte[] old = Pattern(6_000_000, seed: 1);
        await PutAsync("x", old);
        using GetObjectResponse response = await S3.GetObjectAsync(Bucket, "x", Cancellation);
        byte[] first = new byte[10];
        await response.ResponseStream.ReadExactlyAsync(first, Cancellation);
        await PutAsync("x", Pattern(6_000_000, seed: 2));
        byte[] rest = await ReadAsync(response.ResponseStream);
        Assert.True(old.AsSpan().SequenceEqual((byte[])[.. first, .. rest]));
    }

    [Fact]
    public async Task What_is_not_implemented_is_refused_by_name()
    {
        await PutAsync("x", [1]);
        await FailsAsync(HttpStatusCode.NotImplemented, "NotImplemented", () => S3.GetObjectAsync(Bucket, "x", "v1", Cancellation));
        await FailsAsync(HttpStatusCode.NotImplemented, "NotImplemented", () => S3.ListVersionsAsync(Bucket, Cancellation));
        await FailsAsync(HttpStatusCode.NotImplemented, "NotImplemented", () => PutAsync("y", [1], r =>
        {
            r.ServerSideEncryptionCustomerMethod = ServerSideEncryptionCustomerMethod.AES256;
            r.ServerSideEncryptionCustomerProvidedKey = Convert.ToBase64String(new byte[32]);
        }));
    }
}
