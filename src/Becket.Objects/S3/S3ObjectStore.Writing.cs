using System.Buffers;
using Becket.Objects.Http;

namespace Becket.Objects.S3;

public sealed partial class S3ObjectStore
{
    /// <remarks>
    /// The condition is the store's to keep. AWS keeps both kinds; Ceph's gateway (16) keeps <see cref="PutCondition.Absent"/>
    /// in buckets without versions only, and refuses <see cref="PutCondition.Matches"/> with a quoted ETag.
    /// </remarks>
    public async ValueTask<string> PutAsync(
        string key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken cancellationToken)
    {
        var request = new S3Request(HttpMethod.Put, S3Operation.Write)
        {
            Key = key,
            IfNoneMatch = condition.MustBeAbsent ? "*" : null,
            IfMatch = condition.ETag,
            Body = new S3Body(body),
        };
        using var response = await AcceptedAsync(request, cancellationToken);
        return EntityTag.Of(response)
            ?? throw new ObjectStoreException(
                ObjectStoreError.BadAnswer, $"{Subject(request)}: the server stored the object but gave no ETag");
    }

    public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(new S3Request(HttpMethod.Delete, S3Operation.Delete) { Key = key }, cancellationToken);
        if (answer.Refusal is not null && answer.Failure is { Error: not ObjectStoreError.NotFound } failure)
            throw failure;
        answer.Accepted?.Dispose();
    }

    /// <summary>Sends a request whose conditions, where it has some, must hold.</summary>
    private async ValueTask<HttpResponseMessage> AcceptedAsync(S3Request request, CancellationToken cancellationToken)
    {
        var response = (await SendAsync(request, cancellationToken)).Response;
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
        {
            var error = new S3Error { Status = response.StatusCode };
            var attempt = new S3Attempt(
                request.Operation, Subject(request), _options.Bucket, _location, Credentials: null, _time.GetUtcNow());
            throw S3Failure.From(error, attempt);
        }
    }
}
