using System.Text;
using Becket.Objects;
using Becket.Objects.S3;
using static Becket.Tests.Objects.S3.S3Loopback;

namespace Becket.Tests.Objects.S3;

public class S3ListPageTests
{
    /// <summary>The sample response of ListObjectsV2 in the Amazon S3 API reference, with a second page to come.</summary>
    private const string Sample =
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <Name>bucket</Name>
            <Prefix/>
            <KeyCount>205</KeyCount>
            <MaxKeys>1000</MaxKeys>
            <IsTruncated>true</IsTruncated>
            <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
            <Contents>
                <Key>my-image.jpg</Key>
                <LastModified>2009-10-12T17:50:30.000Z</LastModified>
                <ETag>"fba9dede5f27731c9771645a39863328"</ETag>
                <Size>434234</Size>
                <StorageClass>STANDARD</StorageClass>
                <Owner><ID>x</ID><DisplayName>y</DisplayName></Owner>
            </Contents>
        </ListBucketResult>
        """;

    [Fact]
    public void The_published_sample_is_understood()
    {
        var page = Parse(Sample);

        var entry = Assert.Single(page.Objects);
        Assert.Equal(
            new ObjectInfo
            {
                Key = "my-image.jpg",
                Size = 434234,
                ETag = "\"fba9dede5f27731c9771645a39863328\"",
                LastModified = new DateTimeOffset(2009, 10, 12, 17, 50, 30, TimeSpan.Zero),
            },
            entry);
        Assert.Equal("1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=", page.Continuation);
    }

    [Theory]
    [InlineData("", "a+b%20c", "a+b%20c")]
    [InlineData("<EncodingType>url</EncodingType>", "a%2Bb+c%01%2F%E9%8D%B5", "a+b c\u0001/鍵")]
    public void Keys_are_decoded_only_where_the_store_says_that_it_encoded_them(string encoding, string sent, string key) =>
        Assert.Equal(
            key,
            Parse($"<ListBucketResult><Contents><Key>{sent}</Key><Size>1</Size></Contents>{encoding}</ListBucketResult>").Objects[0].Key);

    [Fact]
    public void Blanks_and_entities_in_a_key_survive()
    {
        var page = Parse(
            "<ListBucketResult><Contents><Size>1</Size><Key> a &amp; b </Key></Contents>"
            + "<Contents><Key> </Key><Size>2</Size></Contents></ListBucketResult>");

        Assert.Equal<string>([" a & b ", " "], page.Objects.Select(o => o.Key), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("<Other/>")]
    [InlineData("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>")]
    [InlineData("<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>")]
    [InlineData("<ListBucketResult><Contents><Key>k</Key></Contents></ListBucketResult>")]
    [InlineData("<ListBucketResult><Contents><Key>k</Key><Size>-1</Size></Contents></ListBucketResult>")]
    [InlineData("<ListBucketResult><Contents>")]
    [InlineData("")]
    public async Task What_is_no_listing_is_an_error(string body)
    {
        await using var server = InTurn(Answer("200 OK", body: body));
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => ListAsync(Store(server)));

        Assert.Equal(ObjectStoreError.BadAnswer, e.Error);
    }

    [Fact]
    public async Task Pages_follow_each_other_until_the_last_one()
    {
        await using var server = InTurn(
            Answer(
                "200 OK",
                body: "<ListBucketResult><Contents><Key>p/a</Key><Size>1</Size></Contents>"
                    + "<IsTruncated>true</IsTruncated><NextContinuationToken>t/1=</NextContinuationToken></ListBucketResult>"),
            Answer(
                "200 OK",
                body: "<ListBucketResult><Contents><Key>p/b</Key><Size>2</Size></Contents>"
                    + "<IsTruncated>false</IsTruncated></ListBucketResult>"));

        Assert.Equal<string>(["p/a", "p/b"], await ListAsync(Store(server)), StringComparer.Ordinal);
        Assert.Equal<string>(
            [
                "/bucket?encoding-type=url&list-type=2&prefix=p%2F",
                "/bucket?continuation-token=t%2F1%3D&encoding-type=url&list-type=2&prefix=p%2F",
            ],
            server.Requests.Select(r => r.Target),
            StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_listing_that_runs_in_circles_ends()
    {
        await using var server = InTurn(Answer(
            "200 OK",
            body: "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>"));
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => ListAsync(Store(server)));

        Assert.Contains("repeats its continuation token", e.Message, StringComparison.Ordinal);
    }

    private static S3ListPage Parse(string xml) => S3ListPage.Parse(new MemoryStream(Encoding.UTF8.GetBytes(xml)));

    private static async Task<List<string>> ListAsync(S3ObjectStore store)
    {
        var keys = new List<string>();
        await foreach (var entry in store.ListAsync("p/", TestContext.Current.CancellationToken))
            keys.Add(entry.Key);
        return keys;
    }
}
