namespace Becket.Objects.Http;

/// <summary>
/// What a server has shown so far of ranges. One that has sent a range well may be doubted when it then sends something else; one
/// that never has is believed, since it may not be able to do better: whoever opens an object there is told at once. For many
/// threads at once.
/// </summary>
internal sealed class RangeTrust
{
    private volatile bool _earned;

    /// <inheritdoc cref="RangeAnswer.OpenAsync"/>
    public async ValueTask<Stream> OpenAsync(
        HttpResponseMessage response, string objectName, ObjectPin pin, ObjectRange range, CancellationToken cancellationToken)
    {
        try
        {
            var body = await RangeAnswer.OpenAsync(response, objectName, pin, range, cancellationToken);
            _earned = true;
            return body;
        }
        catch (ObjectStoreException e) when (e.IsDoubtful && !_earned)
        {
            throw Weigh(e);
        }
    }

    /// <summary>The failure to report for a doubtful answer: itself, or without its doubt where there is no reason for it.</summary>
    public ObjectStoreException Weigh(ObjectStoreException failure) =>
        _earned ? failure : new ObjectStoreException(failure.Error, failure.Message, failure);
}
