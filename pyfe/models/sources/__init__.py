"""What is compiled: a file for each library or kind of model, and how an estimator is asked.

==================  ==========================================================================================
module              holds
==================  ==========================================================================================
``registry``        the kinds of models, in the order in which they are recognised
``estimators``      fitted estimators, asked by their methods and not by their names
``statsmodels``     results of statsmodels: columns, constant, offset, linear predictor, link
``lifelines``       survival models: columns, strata, and what each of their outputs is
``calibrated``      classifiers that are calibrated, or have a threshold of their own
``several_labels``  classifiers of several labels at once
``targets``         regressions that predict a function of their score
``modules``         modules of torch
``boosters``        the names that boosters have for columns and log-odds
``callables``       any callable of decoded rows
``trees``           ensembles of shallow trees, and the schema of their thresholds
``linear``          :class:`Linear`, a model given by its numbers
``networks``        :class:`SquareNetwork`, one hidden layer of squares
``expressions``     sympy expressions
``graphs``          ONNX graphs
``decision``        which method of a model is compiled
``decision_values``  the values that it computes, and what is known of their link
``wanted``          which output, of a model that has several
``intake``          how rows reach a model, by name or by position
``parts``           the steps and members of a model
``raw_model``       a model as it is, asked about tables
``fitted``          the map behind it: probed and verified
``link_and_classes``  its link and its classes
``own_answers``     its own answers, held against them
``advice``          what would work instead of what is refused
``real_function``   what a model turned out to be
==================  ==========================================================================================
"""
