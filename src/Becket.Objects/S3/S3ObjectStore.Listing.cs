using System.Runtime.CompilerServices;
using System.Xml;
using Becket.Objects.Http;
using Becket.Objects.S3.Signing;

namespace Becket.Objects.S3;

public sealed partial class S3ObjectStore
{
    /// <summary>Lists in pages of up to 1000 objects (ListObjectsV2), each fetched when the one before is used up.</summary>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? continuation = null;
        do
        {
            var page = await ListPageAsync(prefix, continuation, cancellationToken);
            foreach (var entry in page.Objects)
                yield return entry;

            if (page.Continuation is not null && page.Continuation == continuation)
            {
                throw new ObjectStoreException(
                    ObjectStoreError.BadAnswer,
                    $"{Name}: the listing does not advance: the server repeats its continuation token");
            }
            continuation = page.Continuation;
        }
        while (continuation is not null);
    }

    private async ValueTask<S3ListPage> ListPageAsync(string prefix, string? continuation, CancellationToken cancellationToken)
    {
        // Sorted by name, as the signature wants it. Without encoding-type a key with a control character is broken XML.
        var query = (continuation is null ? "" : "continuation-token=" + S3UriEncoding.EncodeQuery(continuation) + "&")
            + "encoding-type=url&list-type=2&prefix=" + S3UriEncoding.EncodeQuery(prefix);
        var request = new S3Request(HttpMethod.Get, S3Operation.List) { BucketQuery = query };
        using var response = await AcceptedAsync(request, cancellationToken);
        try
        {
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return S3ListPage.Parse(new MemoryStream(body));
        }
        catch (Exception e) when (e is XmlException or FormatException)
        {
            throw new ObjectStoreException(ObjectStoreError.BadAnswer, $"{Name}: the listing is not what S3 answers: {e.Message}", e);
        }
        catch (Exception e) when (TransportFailure.Is(e, cancellationToken))
        {
            throw TransportFailure.From(e, Name);
        }
    }
}
